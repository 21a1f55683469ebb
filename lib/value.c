/* SPDX-License-Identifier: 0BSD */
/* The kinds of values in an rc-file, and what each may be. */
#include "value.h"

#include "cfg.h"
#include "spec.h"
#include "text.h"
#include "want.h"

#include <limits.h>
#include <string.h>

static int check_text(const char *value, struct err *e)
{
	(void)value;
	(void)e;
	return 0;
}

static int check_word(const char *value, struct err *e)
{
	if (strpbrk(value, " \t"))
		return err_set(e, "%s: one word, without blanks", value);
	return 0;
}

static int check_name(const char *value, struct err *e)
{
	if (text_name(value, VALUE_NAME_MAX) && strcmp(value, "0") != 0)
		return 0;
	return err_set(e, "%s: want a letter or digit, then letters, digits and . _ -, at most %d", value, VALUE_NAME_MAX);
}

static int check_arch(const char *value, struct err *e)
{
	static const char want[] = "qemu-system-";
	const char *arch = text_begins(value, want) ? value + strlen(want) : value;
	int plain = *arch && !arch[strspn(arch, "abcdefghijklmnopqrstuvwxyz0123456789_")];

	if (plain && arch != value)
		return 0;
	if (plain && arch[0] > '9')
		return err_set(e, "%s: did you mean qemu-system-%s?", value, arch);
	return err_set(e, "%s: want qemu-system-ARCH, a program in PATH", value);
}

static int check_yes(const char *value, struct err *e)
{
	int yes;

	if (text_yes(value, &yes) < 0)
		return err_set(e, "%s: want yes or no", value);
	return 0;
}

static int check_seconds(const char *value, struct err *e)
{
	int64_t ms;

	if (text_time(value, &ms) < 0)
		return err_set(e, "%s: want a time, as 90, 90s or 5m", value);
	return ms < 1000 ? err_set(e, "%s: want at least 1s", value) : 0;
}

static int check_number(const char *value, struct err *e)
{
	long long n;

	if (text_number(value, 1, INT_MAX, &n) < 0)
		return err_set(e, "%s: want a number", value);
	return 0;
}

static int check_port(const char *value, struct err *e)
{
	long long n;

	if (text_number(value, 1, 65535 - 100, &n) < 0)
		return err_set(e, "%s: want a port, 1 to 65435 (the command port is 100 above)", value);
	return 0;
}

static int check_ram(const char *value, struct err *e)
{
	int64_t bytes;

	if (text_size(value, 1 << 20, &bytes) < 0)
		return err_set(e, "%s: want a size, as 512M or 2G; a bare number is MiB", value);
	return bytes < 1 << 20 ? err_set(e, "%s: want at least 1M", value) : 0;
}

static int check_disk(const char *value, struct err *e)
{
	struct spec_disk disk;

	int bad = spec_disk(&disk, value, e);
	spec_disk_free(&disk);
	return bad;
}

static int check_allow(const char *value, struct err *e)
{
	struct spec_disk allow;

	int bad = spec_allow(&allow, value, e);
	spec_disk_free(&allow);
	return bad;
}

static int check_nic(const char *value, struct err *e)
{
	struct spec_nic nic;

	return spec_nic(&nic, value, e);
}

static int check_display(const char *value, struct err *e)
{
	struct spec_display display;

	return spec_display(&display, value, e);
}

static int check_choice(const char *value, const char *const *words, const char *want, struct err *e)
{
	for (; *words; words++)
		if (!strcmp(value, *words))
			return 0;
	return err_set(e, "%s: want %s", value, want);
}

static int check_vga(const char *value, struct err *e)
{
	static const char *const words[] = { "std", "virtio", "none", NULL };

	return check_choice(value, words, "std, virtio or none", e);
}

static int check_accel(const char *value, struct err *e)
{
	static const char *const words[] = { "kvm", "tcg", NULL };

	return check_choice(value, words, "kvm or tcg", e);
}

static int check_family(const char *value, struct err *e)
{
	static const char *const words[] = { "ipv4", "ipv6", "no", NULL };

	return check_choice(value, words, "ipv4, ipv6 or no", e);
}

static int check_restart(const char *value, struct err *e)
{
	static const char *const words[] = { "no", "on-failure", "always", NULL };

	return check_choice(value, words, "no, on-failure or always", e);
}

/* n bytes of a user's or group's name (`_` may come first) or number. */
static int is_account(const char *s, size_t n)
{
	char word[33];
	long long id;

	if (!n || n >= sizeof(word))
		return 0;
	memcpy(word, s, n);
	word[n] = '\0';
	if (!word[strspn(word, "0123456789")])
		return text_number(word, 0, 4294967294, &id) == 0;
	return text_name(word[0] == '_' ? word + 1 : word, sizeof(word));
}

static int check_runas(const char *value, struct err *e)
{
	size_t n = strcspn(value, ":");

	if (is_account(value, n) && (!value[n] || is_account(value + n + 1, strlen(value + n + 1))))
		return 0;
	return err_set(e, "%s: want USER, USER:GROUP or numbers", value);
}

static int check_account(const char *value, struct err *e)
{
	return is_account(value, strlen(value)) ? 0 : err_set(e, "%s: want a name or number", value);
}

static int check_after(const char *value, struct err *e)
{
	struct want_after after;

	return want_after(&after, value, e);
}

static int check_arg(const char *value, struct err *e)
{
	struct cfg words = { 0 };

	int bad = cfg_arg(&words, value, e);
	cfg_free(&words);
	return bad;
}

static int (*const checks[])(const char *value, struct err *e) = {
	[KIND_TEXT] = check_text, [KIND_WORD] = check_word, [KIND_NAME] = check_name, [KIND_ARCH] = check_arch,
	[KIND_YES] = check_yes, [KIND_SECONDS] = check_seconds, [KIND_NUMBER] = check_number, [KIND_PORT] = check_port,
	[KIND_RAM] = check_ram, [KIND_FILE] = check_text, [KIND_DISK] = check_disk, [KIND_NIC] = check_nic,
	[KIND_DISPLAY] = check_display, [KIND_VGA] = check_vga, [KIND_ACCEL] = check_accel, [KIND_FAMILY] = check_family,
	[KIND_RUNAS] = check_runas, [KIND_ACCOUNT] = check_account, [KIND_ARG] = check_arg, [KIND_COMMAND] = check_text,
	[KIND_RESTART] = check_restart, [KIND_ALLOW] = check_allow, [KIND_AFTER] = check_after, [KIND_GONE] = check_text,
};

int value_check(enum value_kind kind, const char *value, struct err *e)
{
	return checks[kind](value, e);
}
