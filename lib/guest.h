/* SPDX-License-Identifier: 0BSD */
/* The demo's guest: a boot sector for x86 that greets on COM1, answers each line, and powers off at the button. */
#ifndef GUEST_H
#define GUEST_H

enum { GUEST_BYTES = 512 };

extern const unsigned char guest_image[GUEST_BYTES];

#endif
