/* SPDX-License-Identifier: 0BSD */
/* etc: the host's files, each the same input: monitor.conf, registered, autostart, passwd and group. */
#include "fuzz.h"

#include "reg.h"
#include "site.h"
#include "uid.h"

static void read_registry(int (*load)(struct reg *r, const char *etc_dir, struct buf *errors), int paths)
{
	struct buf errors = { 0 };
	struct reg r = { 0 };

	MUST((load(&r, fuzz_place(), &errors) < 0) == (errors.n > 0));
	for (size_t i = 0; i < r.n; i++) {
		MUST(reg_find(&r, r.vms[i].name) == &r.vms[i]);
		MUST(paths ? r.vms[i].path[0] == '/' : !r.vms[i].path);
	}
	reg_free(&r);
	buf_free(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *passwd = fuzz_file("passwd", bytes, n), *group = fuzz_file("group", bytes, n);
	struct buf errors = { 0 };
	struct uid_plan plan;
	struct site s;
	struct err e;

	free(fuzz_file("monitor.conf", bytes, n));
	free(fuzz_file("registered", bytes, n));
	free(fuzz_file("autostart", bytes, n));
	if (site_load(&s, fuzz_place(), &errors) == 0)
		MUST(errors.n == 0 && s.monport && s.monport <= 65435 && s.uidbase >= 1000);
	else
		MUST(errors.n && s.code);
	read_registry(reg_load, 1);
	read_registry(reg_autostart, 0);
	if (uid_plan(&plan, "web:web", 1879048192, passwd, group, &e) < 0)
		MUST(e.text[0]);
	buf_free(&errors);
	free(passwd);
	free(group);
	return 0;
}
