/* SPDX-License-Identifier: 0BSD */
#include "show.h"

#include "unit.h"

static struct probe make(const char *name, const char *phase)
{
	struct probe p = { .phase = phase, .vm = { .dir = -1, .lock = -1 } };

	strcpy(p.name, name);
	return p;
}

static void shows(const struct probe *list, size_t n, enum show_form form, const char *want)
{
	struct buf out = { 0 };

	show_vms(&out, list, n, form);
	CHECK_TEXT(buf_text(&out), want);
	buf_free(&out);
}

int main(void)
{
	struct probe list[] = { make("web", "running"), make("a", "stopped") };

	list[0].seen = (struct lock_seen){ .qemu = 1, .pid = 42, .keeper = 1 };
	list[0].keeper = 41;
	list[0].autostart = 1;
	list[0].state.monport = 30320;
	list[0].has_state = 1;
	list[0].state.rc = "/x/it's";
	list[0].state.dir = "/x";
	list[0].state.uid = 7;
	list[0].state.cage = "landlock-7";
	strcpy(list[0].vm.path, "/r/web");
	shows(list, 2, SHOW_TABLE,
	      "NAME  STATE    PID  KEEPER  UPTIME  MONPORT  CTLPORT  REASON\n"
	      "web   running  42   41      -       30320    -        -\n"
	      "a     stopped  -    -       -       -        -        -\n");
	shows(list, 2, SHOW_HOST,
	      "NAME  STATE    PID  KEEPER  UPTIME  MONPORT  CTLPORT  REASON  AUTOSTART\n"
	      "web   running  42   41      -       30320    -        -       yes\n"
	      "a     stopped  -    -       -       -        -        -       no\n");
	shows(list, 1, SHOW_SHELL,
	      "VM_NAME='web' VM_STATE='running' VM_PID='42' VM_KEEPER='41' VM_UPTIME='' VM_MONPORT='30320' VM_CTLPORT='' "
	      "VM_REASON='' VM_RESTARTS='0' VM_EXIT='' VM_RC='/x/it'\\''s' VM_DIR='/x' VM_HMP='/r/web/hmp.sock' "
	      "VM_QMP='/r/web/qmp.sock' VM_VNC='' VM_CONSOLE='' VM_UID='7' VM_CAGE='landlock-7' VM_AUTOSTART='yes'\n");
	strcpy(list[1].err.text, "a \"reason\"");
	shows(list + 1, 1, SHOW_JSON,
	      "[{\"name\": \"a\", \"state\": \"stopped\", \"pid\": null, \"keeper\": null, \"uptime\": null, \"monport\": null, "
	      "\"ctlport\": null, \"reason\": null, \"restarts\": 0, \"exit\": null, \"rc\": null, \"dir\": null, \"hmp\": null, "
	      "\"qmp\": null, \"vnc\": null, \"console\": null, \"uid\": null, \"cage\": null, \"autostart\": \"no\", \"error\": \"a \\\"reason\\\"\"}]\n");
	shows(NULL, 0, SHOW_JSON, "[]\n");
	list[0].seen.keeper = 0; /* TCP is the keeper's */
	shows(list, 1, SHOW_TABLE,
	      "NAME  STATE    PID  KEEPER  UPTIME  MONPORT  CTLPORT  REASON\n"
	      "web   running  42   -       -       -        -        -\n");
	return unit_failed;
}
