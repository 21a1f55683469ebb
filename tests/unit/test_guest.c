/* SPDX-License-Identifier: 0BSD */
/* The demo's guest is a boot sector with its texts; that it is demo.S, tests/demo.bats tells. */
#include "guest.h"
#include "unit.h"

static int has(const char *text)
{
	return memmem(guest_image, sizeof(guest_image), text, strlen(text)) != NULL;
}

int main(void)
{
	CHECK(sizeof(guest_image) == 512);
	CHECK(guest_image[510] == 0x55 && guest_image[511] == 0xaa);
	CHECK(has("Hello from a guest"));
	CHECK(has("you said: "));
	CHECK(has("Power button"));
	return unit_failed;
}
