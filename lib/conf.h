/* SPDX-License-Identifier: 0BSD */
/* The configuration of one VM: rc-file, default.rc and settings, parsed, checked, never executed. */
#ifndef CONF_H
#define CONF_H

#include "buf.h"
#include "err.h"
#include "value.h"

#include <stdint.h>
#include <sys/types.h>

enum { CONF_NAME_MAX = VALUE_NAME_MAX, CONF_NUMBER_MAX = 999, CONF_FILE_MAX = 1 << 20, CONF_KEY_ROOM = 32 };

/* Every key of an rc-file, one a line: X(KEY, kind, numbered (KEY1, KEY2, ...), default, what it is). A new key
 * needs this line and whoever reads it, nothing else. Grouped as in conf/sample-qemu.rc. */
#define CONF_KEYS(X) \
	X(NAME, KIND_NAME, 0, "", "the VM's name; agrees with the file's") \
	X(DESC, KIND_TEXT, 0, "", "free text for people") \
	X(TGTARCH, KIND_ARCH, 0, "", "qemu-system-* to run; empty: the host's own") \
	X(RUNAS, KIND_RUNAS, 0, "", "USER[:GROUP] for QEMU when root starts it; empty: a uid of its own") \
	X(SANDBOX, KIND_YES, 0, "yes", "seccomp filter, Landlock and namespaces") \
	X(ALLOW, KIND_ALLOW, 1, "", "PATH[,ro] that QEMU may open besides what is its own") \
	X(DAEMON, KIND_YES, 0, "yes", "no: start behaves as run") \
	X(ACCEL, KIND_ACCEL, 0, "", "kvm or tcg; empty: KVM when it can be used") \
	X(KVM, KIND_YES, 0, "", "no: the same as ACCEL=tcg") \
	X(MONITOR, KIND_FAMILY, 0, "", "ipv4, ipv6 or no: the address family of the TCP channels; empty: both") \
	X(MONPORT, KIND_PORT, 0, "", "this TCP port and the one 100 above, instead of a slot") \
	X(MONITOR_ALLOW, KIND_TEXT, 0, "", "who may use the TCP channels beside the owner: USER @GROUP ..., numbers, any") \
	X(GROUP, KIND_ACCOUNT, 0, "", "a group whose members may use the VM's sockets and ports, and stop it") \
	X(BOOTDELAY, KIND_SECONDS, 0, "", "time to wait before an automatic start") \
	X(ORDER, KIND_NUMBER, 0, "50", "qemud starts VMs with a smaller number earlier, and stops them later") \
	X(AFTER, KIND_AFTER, 1, "", "NAME[,time=TIME][:CONDITION] of wait: qemud starts it when this holds, and stops it first") \
	X(STOPDELAY, KIND_SECONDS, 0, "60", "deadline of a stop") \
	X(START_TIMEOUT, KIND_SECONDS, 0, "60", "deadline of a start") \
	X(RESTART, KIND_RESTART, 0, "no", "after an end that nobody asked for: no, on-failure or always") \
	X(RESTART_DELAY, KIND_SECONDS, 0, "1", "pause before a restart; doubles with each that follows soon") \
	X(RESTART_LONGEST, KIND_SECONDS, 0, "60", "and never gets longer") \
	X(RESTART_MOST, KIND_NUMBER, 0, "10", "restarts within a minute, at most 100; then it stays down") \
	X(PRECMD, KIND_COMMAND, 0, "", "sh command before the start; its failure fails the start") \
	X(POSTCMD, KIND_COMMAND, 0, "", "sh command after the start") \
	X(MACHINE, KIND_WORD, 0, "", "machine type and its options") \
	X(CPU, KIND_WORD, 0, "", "processor model") \
	X(SMP, KIND_WORD, 0, "", "number of processors, or QEMU's -smp") \
	X(RAM, KIND_RAM, 0, "2G", "memory; a bare number is MiB") \
	X(BOOT, KIND_WORD, 0, "", "QEMU's -boot") \
	X(KERNEL, KIND_FILE, 0, "", "Linux kernel to boot directly") \
	X(INITRD, KIND_FILE, 0, "", "its initial ramdisk") \
	X(APPEND, KIND_TEXT, 0, "", "its command line") \
	X(DISK, KIND_DISK, 1, "", "FILE[,if=virtio|ide|scsi][,format=raw|qcow2][,ro][,snapshot][,backing=FILE]...[,force]") \
	X(CDROM, KIND_FILE, 0, "", "CD image") \
	X(NIC, KIND_NIC, 1, "", "none | user[,hostfwd=tcp:[ADDR]:PORT-:PORT]... | bridge:BR[,mac=][,model=] | tap:IF") \
	X(SERIAL, KIND_YES, 0, "yes", "serial console") \
	X(DISPLAY, KIND_DISPLAY, 0, "vnc", "vnc | vnc:PORT | none") \
	X(VGA, KIND_VGA, 0, "", "std | virtio | none; empty: std when there is a DISPLAY") \
	X(ARG, KIND_ARG, 1, "", "one more QEMU option with its value") \
	X(AUTOSTART, KIND_GONE, 0, "", "not read: `qemu-adm autostart on NAME`")

#define CONF_ENUM(key, kind, numbered, standard, about) CONF_##key,
enum conf_key { CONF_KEYS(CONF_ENUM) CONF_KEY_COUNT };
#undef CONF_ENUM

struct conf_key_info {
	const char *name;
	enum value_kind kind;
	int numbered;
	const char *standard; /* the default, "" for none */
	const char *about;
};
extern const struct conf_key_info conf_keys[CONF_KEY_COUNT];

/* One line of a file, or one setting behind a name. */
struct conf_item {
	enum conf_key key;
	int number;		/* n of DISKn, 0 for a key that has none */
	char *value;		/* never empty */
	const char *file;	/* "FILE" or "setting" for a KEY=VALUE of the command line; lives as long as the conf */
	int line;		/* 0 for a setting */
};

struct conf {
	char name[CONF_NAME_MAX + 1]; /* from wherever it came; the key NAME has no item */
	char *dir;		/* the VM's folder, absolute: relative files are in it */
	char *file;		/* the rc-file, absolute; NULL when there are only settings */
	uid_t owner;		/* whose the rc-file is, if root asks; else who asks */
	char *defaults;		/* default.rc */
	struct conf_item *items; /* sorted by key and number */
	size_t n, room;
	int code;		/* after a failure: what it means, enum code */
};

struct conf_from {
	const char *defaults;	/* path of default.rc, NULL for none; one that is missing is fine */
	const char *file;	/* absolute path of the rc-file, NULL for none */
	const struct buf *text;	/* what it is going to hold, read in its stead; NULL: it is read */
	const char *name;	/* what NAME must be; NULL: NAME= (or the file's name) says it */
	const char *dir;	/* the VM's folder, absolute; NULL: the rc-file's, without one the current */
	char *const *settings;	/* KEY=VALUE, above the files */
	size_t n;
};

/* Reads and checks all. Each complaint is one line "FILE:LINE: KEY: why\n" in `errors`; warnings likewise (AUTOSTART,
 * SANDBOX=no, RUNAS=root). 0; -1 when there is an error (code: NOT_CONFIGURED, or NO_RIGHT when a file cannot be
 * read). The conf must be freed in either case. */
int conf_load(struct conf *c, const struct conf_from *from, struct buf *errors, struct buf *warnings);
void conf_free(struct conf *c);

/* The item, NULL when the key is not set; number 0 for a key without numbers. */
const struct conf_item *conf_item(const struct conf *c, enum conf_key key, int number);
/* The next item of a numbered key after `last` (NULL: the first), in the order of numbers; NULL: no more. */
const struct conf_item *conf_next(const struct conf *c, enum conf_key key, const struct conf_item *last);
/* The value, or the default; "" when there is neither, never NULL. */
const char *conf_text(const struct conf *c, enum conf_key key);
int conf_yes(const struct conf *c, enum conf_key key);	/* 0 when there is neither value nor default */
int64_t conf_ms(const struct conf *c, enum conf_key key);	/* KIND_SECONDS, in ms; 0 when not set */
long conf_long(const struct conf *c, enum conf_key key);	/* KIND_NUMBER, KIND_PORT; 0 when not set */
int64_t conf_bytes(const struct conf *c, enum conf_key key);	/* KIND_RAM */
/* "KEY", or "KEY2". */
void conf_key_name(enum conf_key key, int number, char to[CONF_KEY_ROOM]);
/* NAME of FOLDER/NAME-qemu.rc or NAME-qemud.rc, whatever letters it has; -1 when the file is not called so. */
int conf_file_name(const char *file, char name[CONF_NAME_MAX + 1]);
/* Appends "FILE:LINE: KEY", or "setting KEY=VALUE". */
void conf_place(struct buf *b, const struct conf_item *item);
/* Puts "FILE:LINE: KEY: " before an err's text, in the same words as conf_load. Keeps the code. */
int conf_at(struct err *e, const struct conf_item *item);
/* Whose word the item is: the rc-file's owner's, or of default.rc and settings the caller's. */
uid_t conf_owner(const struct conf *c, const struct conf_item *item);
/* FILE as an absolute path: itself, or in the VM's folder. 0, -1 when it does not fit into room. */
int conf_path(const struct conf *c, const char *file, char *to, size_t room);
/* The key of that name (with its number in *number), or -1; *near is then the nearest key or NULL. */
int conf_key_of(const char *word, size_t n, int *number, const char **near);

#endif
