/* SPDX-License-Identifier: 0BSD */
/* guest: prints the demo's guest, which sleeps between interrupts. */
#include "../../lib/guest.c"

#include <stdio.h>

int main(void)
{
	return fwrite(guest_image, GUEST_BYTES, 1, stdout) != 1;
}
