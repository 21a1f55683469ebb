/* SPDX-License-Identifier: 0BSD */
/* The demo's guest, a boot sector: it greets on COM1, answers each line that is typed there, and ends itself when the power
 * button is pressed. Between interrupts it sleeps. Its bytes are in lib/guest.c. */
	.code16
	.set COM1, 0x3f8
	.set PM1, 0x600			/* SeaBIOS puts the status register there, enable is +2, control is +4 */
	.set LINE, 0x200		/* what is typed, behind this sector */
	.set LINE_MAX, 80

base:	ljmp $0x7c0, $(start - base)
start:	cli
	xor %ax, %ax
	mov %ax, %ss
	mov $0x7000, %sp
	mov %ax, %ds
	movw $(on_key - base), 4 * 0x0c
	mov %cs, 4 * 0x0c + 2
	movw $(on_button - base), 4 * 0x71
	mov %cs, 4 * 0x71 + 2
	mov %cs, %ax
	mov %ax, %ds

	mov $0xeb, %al			/* the interrupts of COM1 (4) and ACPI (9, by 2) alone: no clock ticks */
	out %al, $0x21
	mov $0xfd, %al
	out %al, $0xa1
	mov $(COM1 + 3), %dx		/* 8n1 */
	mov $3, %al
	out %al, %dx
	inc %dx				/* DTR, RTS, OUT2 */
	mov $0x0b, %al
	out %al, %dx
	mov $(COM1 + 1), %dx		/* a byte received interrupts */
	mov $1, %al
	out %al, %dx
	mov $(PM1 + 2), %dx		/* and so does the button */
	mov $0x100, %ax
	out %ax, %dx

	mov $(greeting - base), %si
	call print
prompt:	mov $(mark - base), %si
	call print
	mov $LINE, %di

wait:	cli
	mov $PM1, %dx
	in %dx, %ax
	test $1, %ah
	jnz off
	mov $(COM1 + 5), %dx
	in %dx, %al
	test $1, %al
	jnz key
	sti				/* takes effect behind hlt: nothing is missed */
	hlt
	jmp wait

key:	mov $COM1, %dx
	in %dx, %al
	cmp $'\r', %al
	je enter
	cmp $'\n', %al
	je enter
	cmp $' ', %al
	jb wait
	cmp $(LINE + LINE_MAX), %di
	jae wait
	mov %al, (%di)
	inc %di
	call put
	jmp wait

enter:	movb $0, (%di)
	cmp $LINE, %di
	je prompt
	mov $(answer - base), %si
	call print
	mov $LINE, %si
	call print
	jmp prompt

off:	mov $(farewell - base), %si
	call print
	mov $(PM1 + 4), %dx		/* SLP_EN, sleep type 0: off */
	mov $0x2000, %ax
	out %ax, %dx
	cli
halt:	hlt
	jmp halt

next:	call put
print:	lodsb				/* text at si, ends with NUL */
	test %al, %al
	jnz next
	ret

put:	push %ax
	mov $(COM1 + 5), %dx
full:	in %dx, %al
	test $0x20, %al
	jz full
	pop %ax
	mov $COM1, %dx
	out %al, %dx
	ret

on_button:				/* its line is a level: enabled no more, or it would interrupt for ever */
	push %ax
	push %dx
	mov $(PM1 + 2), %dx
	xor %ax, %ax
	out %ax, %dx
	pop %dx
	mov $0x20, %al
	out %al, $0xa0
	jmp done
on_key:	push %ax
	mov $0x20, %al
done:	out %al, $0x20
	pop %ax
	iret

greeting: .asciz "Hello from a guest of 512 bytes. Type a line."
mark:	.asciz "\r\n> "
answer:	.asciz "\r\nyou said: "
farewell: .asciz "\r\nPower button: good bye.\r\n"

	.org 510
	.byte 0x55, 0xaa
