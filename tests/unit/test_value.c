/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "value.h"

static const struct {
	enum value_kind kind;
	const char *good[6], *bad[6];
} cases[] = {
	{ KIND_TEXT, { "", "a b", "x=y" }, { NULL } },
	{ KIND_WORD, { "pc", "cores=2,threads=1" }, { "a b", "a\tb" } },
	{ KIND_NAME, { "web", "9", "a.b_c-d", "123456789012345678901234567890123456789012345678" },
		{ "", "0", ".a", "a/b", "..", "1234567890123456789012345678901234567890123456789" } },
	{ KIND_ARCH, { "qemu-system-x86_64", "qemu-system-ppc64" }, { "", "arm", "qemu-system-", "qemu-system-A", "qemu-kvm", "0" } },
	{ KIND_YES, { "yes", "OFF", "1", "0" }, { "", "y", "2" } },
	{ KIND_SECONDS, { "1", "90s", "1.5m", "1h" }, { "", "0", "0.9", "-1", "1d", "s" } },
	{ KIND_NUMBER, { "1", "2147483647" }, { "", "0", "2147483648", "1x" } },
	{ KIND_PORT, { "1", "65435" }, { "", "0", "65436", "http" } },
	{ KIND_RAM, { "1", "1024K", "2G", "512m" }, { "", "0", "1023K", "2GB", "1.5G" } },
	{ KIND_DISK, { "a,ro" }, { "", "a,b" } },
	{ KIND_NIC, { "user" }, { "" } },
	{ KIND_DISPLAY, { "vnc:5900" }, { "gtk" } },
	{ KIND_VGA, { "std", "virtio", "none" }, { "", "qxl" } },
	{ KIND_ACCEL, { "kvm", "tcg" }, { "", "KVM" } },
	{ KIND_FAMILY, { "ipv4", "ipv6", "no" }, { "", "yes" } },
	{ KIND_RUNAS, { "root", "_a:b-c", "1000:4294967294" }, { "", ":", "a:", ":a", "a:b:c", "-a" } },
	{ KIND_ACCOUNT, { "vmusers", "1000" }, { "", "a:b", "@a", "a b", "4294967295" } },
	{ KIND_ARG, { "-S", "-x 'a b'" }, { "", "x", "-x 'a" } },
};

int main(void)
{
	struct err e;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t j = 0; j < 6 && cases[i].good[j]; j++)
			if (value_check(cases[i].kind, cases[i].good[j], &e) < 0)
				fprintf(stderr, "kind %d: %s\n", cases[i].kind, e.text), unit_failed = 1;
		for (size_t j = 0; j < 6 && cases[i].bad[j]; j++)
			if (value_check(cases[i].kind, cases[i].bad[j], &e) == 0)
				fprintf(stderr, "kind %d: takes `%s`\n", cases[i].kind, cases[i].bad[j]), unit_failed = 1;
	}
	return unit_failed;
}
