/* SPDX-License-Identifier: 0BSD */
/* The status of VMs in its three forms, all from one table of columns. */
#include "show.h"

#include "clock.h"
#include "json.h"
#include "text.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Each appends its value, or nothing when there is none. */
static void put_name(struct buf *b, const struct probe *p)
{
	buf_str(b, p->name);
}

static void put_state(struct buf *b, const struct probe *p)
{
	buf_str(b, p->phase);
}

static void put_number(struct buf *b, long long n)
{
	if (n)
		buf_fmt(b, "%lld", n);
}

static void put_pid(struct buf *b, const struct probe *p)
{
	put_number(b, p->seen.pid);
}

static void put_keeper(struct buf *b, const struct probe *p)
{
	put_number(b, p->seen.keeper ? p->keeper : 0);
}

static int is_live(const struct probe *p)
{
	return p->seen.qemu || p->seen.keeper;
}

static void put_uptime(struct buf *b, const struct probe *p)
{
	if (p->seen.qemu && p->state.since)
		buf_fmt(b, "%lld", (clock_boot_ms() - p->state.since) / 1000);
}

/* TCP is the keeper's: without one the port is not there. */
static void put_monport(struct buf *b, const struct probe *p)
{
	put_number(b, p->seen.keeper && p->seen.qemu ? p->state.monport : 0);
}

static void put_ctlport(struct buf *b, const struct probe *p)
{
	put_number(b, p->seen.keeper && p->seen.qemu ? p->state.ctlport : 0);
}

static void put_reason(struct buf *b, const struct probe *p)
{
	buf_str(b, p->reason);
}

static void put_restarts(struct buf *b, const struct probe *p)
{
	buf_fmt(b, "%lld", p->state.restarts);
}

static void put_exit(struct buf *b, const struct probe *p)
{
	if (p->vm.dir >= 0)
		exit_last(p->vm.dir, b);
}

static void put_rc(struct buf *b, const struct probe *p)
{
	char rc[PATH_MAX];
	struct err e;

	if (is_live(p) && p->has_state)
		buf_str(b, p->state.rc);
	else if (p->registered && reg_rc_file(p->registered->path, p->name, rc, sizeof(rc), &e) == 0)
		buf_str(b, rc);
}

static void put_dir(struct buf *b, const struct probe *p)
{
	if (is_live(p) && p->has_state)
		buf_str(b, p->state.dir);
	else if (p->registered)
		buf_str(b, p->registered->path);
}

static void put_socket(struct buf *b, const struct probe *p, const char *name, int there)
{
	if (there)
		buf_fmt(b, "%s/%s", p->vm.path, name);
}

static void put_hmp(struct buf *b, const struct probe *p)
{
	put_socket(b, p, "hmp.sock", p->seen.qemu);
}

static void put_qmp(struct buf *b, const struct probe *p)
{
	put_socket(b, p, "qmp.sock", p->seen.qemu);
}

static void put_vnc(struct buf *b, const struct probe *p)
{
	put_socket(b, p, "vnc.sock", p->seen.qemu && p->seen.keeper && p->state.vnc);
}

static void put_console(struct buf *b, const struct probe *p)
{
	put_socket(b, p, "console.sock", p->seen.qemu && p->seen.keeper && p->state.serial);
}

static void put_uid(struct buf *b, const struct probe *p)
{
	if (p->seen.qemu && p->has_state)
		buf_fmt(b, "%lld", p->state.uid);
}

static void put_cage(struct buf *b, const struct probe *p)
{
	if (p->seen.qemu && p->has_state)
		buf_str(b, p->state.cage);
}

static void put_autostart(struct buf *b, const struct probe *p)
{
	buf_str(b, p->autostart ? "yes" : "no");
}

enum { AUTOSTART = 18 };

/* Columns are only ever added, at the end. */
static const struct column {
	const char *name;
	int number; /* in JSON */
	void (*put)(struct buf *b, const struct probe *p);
} columns[] = {
	{ "name", 0, put_name },	 { "state", 0, put_state },	{ "pid", 1, put_pid },
	{ "keeper", 1, put_keeper },	 { "uptime", 1, put_uptime },	{ "monport", 1, put_monport },
	{ "ctlport", 1, put_ctlport },	 { "reason", 0, put_reason },	{ "restarts", 1, put_restarts },
	{ "exit", 0, put_exit },	 { "rc", 0, put_rc },		{ "dir", 0, put_dir },
	{ "hmp", 0, put_hmp },		 { "qmp", 0, put_qmp },		{ "vnc", 0, put_vnc },
	{ "console", 0, put_console },	 { "uid", 1, put_uid },
	{ "cage", 0, put_cage },	 [AUTOSTART] = { "autostart", 0, put_autostart },
};
enum { COLUMNS = sizeof(columns) / sizeof(*columns), FIRST_COLUMNS = 8 };

static void upper(struct buf *b, const char *s)
{
	for (; *s; s++)
		buf_char(b, (char)toupper((unsigned char)*s));
}

/* One cell, cleaned; "-" for none. The last of a line is not padded. */
static void cell(struct buf *row, const char *value, size_t n, size_t width, int last)
{
	size_t at = row->n;

	text_clean(row, n ? value : "-", n ? n : 1);
	while (!last && row->n < at + width + 2)
		buf_char(row, ' ');
}

/* `last` is the column that stands at the end. */
static void table(struct buf *out, const struct probe *list, size_t n, size_t count, size_t last)
{
	struct buf *cells = calloc((n + 1) * count, sizeof(*cells));
	size_t width[COLUMNS] = { 0 };

	if (!cells) {
		out->bad = 1;
		return;
	}
	for (size_t i = 0; i <= n; i++) {
		for (size_t c = 0; c < count; c++) {
			const struct column *column = &columns[c == count - 1 ? last : c];
			struct buf *b = &cells[i * count + c];
			if (i)
				column->put(b, &list[i - 1]);
			else
				upper(b, column->name);
			if (b->n > width[c])
				width[c] = b->n;
		}
	}
	for (size_t i = 0; i <= n; i++) {
		for (size_t c = 0; c < count; c++)
			cell(out, buf_text(&cells[i * count + c]), cells[i * count + c].n, width[c], c == count - 1);
		buf_str(out, "\n");
	}
	for (size_t i = 0; i < (n + 1) * count; i++)
		buf_free(&cells[i]);
	free(cells);
}

static void json_value(struct buf *out, const struct column *c, const struct buf *value)
{
	if (!value->n)
		buf_str(out, "null");
	else if (c->number)
		buf_add(out, value->s, value->n);
	else
		json_quote(out, value->s, value->n);
}

static void json(struct buf *out, const struct probe *p)
{
	struct buf value = { 0 };

	buf_str(out, "{");
	for (size_t c = 0; c < COLUMNS; c++) {
		buf_clear(&value);
		columns[c].put(&value, p);
		buf_fmt(out, "%s\"%s\": ", c ? ", " : "", columns[c].name);
		json_value(out, &columns[c], &value);
	}
	if (*p->err.text) {
		buf_str(out, ", \"error\": ");
		json_quote(out, p->err.text, strlen(p->err.text));
	}
	buf_str(out, "}");
	buf_free(&value);
}

static void shell(struct buf *out, const struct probe *p)
{
	struct buf value = { 0 };

	for (size_t c = 0; c < COLUMNS; c++) {
		buf_clear(&value);
		columns[c].put(&value, p);
		buf_str(out, c ? " VM_" : "VM_");
		upper(out, columns[c].name);
		buf_str(out, "=");
		text_quote(out, buf_text(&value));
	}
	buf_str(out, "\n");
	buf_free(&value);
}

void show_vms(struct buf *out, const struct probe *list, size_t n, enum show_form form)
{
	static const struct { size_t count, last; } tables[] = {
		[SHOW_TABLE] = { FIRST_COLUMNS, FIRST_COLUMNS - 1 }, [SHOW_HOST] = { FIRST_COLUMNS + 1, AUTOSTART },
		[SHOW_ALL] = { COLUMNS, COLUMNS - 1 },
	};

	if (form <= SHOW_ALL) {
		table(out, list, n, tables[form].count, tables[form].last);
		return;
	}
	if (form == SHOW_JSON)
		buf_str(out, "[");
	for (size_t i = 0; i < n; i++) {
		if (form == SHOW_SHELL) {
			shell(out, &list[i]);
			continue;
		}
		buf_str(out, i ? ",\n " : "");
		json(out, &list[i]);
	}
	if (form == SHOW_JSON)
		buf_str(out, "]\n");
}

enum show_form show_form(const struct opts *o)
{
	static const struct { char letter; enum show_form form; } forms[] = {
		{ 'j', SHOW_JSON }, { 's', SHOW_SHELL }, { 'v', SHOW_ALL },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		if (opt_has(o, forms[i].letter))
			return forms[i].form;
	return SHOW_TABLE;
}
