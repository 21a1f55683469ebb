/* SPDX-License-Identifier: 0BSD */
#include "vanish.h"

#include "clock.h"
#include "scratch.h"
#include "text.h"
#include "unit.h"

static void turn(struct keeper *k)
{
	int64_t end = clock_in(200);

	while (clock_left(end))
		loop_turn(&k->loop, end);
}

/* The lock is deleted under a VM that runs: it is there again, both bytes held. */
int main(void)
{
	struct place place = { 0 };
	struct vm vm, other;
	struct lock_seen seen;
	struct err e;

	close(scratch_begin());
	text_copy(place.run, sizeof(place.run), scratch);
	CHECK(vm_keep(&vm, &place, "web", &e) == 1);
	const struct keep_job job = { .vm = &vm, .place = &place, .limit = CLOCK_NEVER };
	struct keeper k = { .job = &job, .vm = &vm, .ready = 1, .watch.fd = -1, .qemu_lock = -1, .desk.door.fd = -1,
			    .qemu_log.fd = -1, .serial_log.fd = -1 };
	state_free(&k.state);
	k.state.version = STATE_VERSION;
	k.state.phase = "running";
	vanish_watch(&k);
	CHECK(unlink(scratch_path("web/lock")) == 0);
	turn(&k);
	CHECK(vm_look(&other, &place, "web", &e) == 1 && lock_look(other.lock, &seen) == 0 && seen.qemu && seen.keeper);
	vm_close(&other);
	CHECK(access(scratch_path("web/state"), F_OK) == 0 && access(scratch_path("web/keep.sock"), F_OK) == 0);
	vanish_end(&k);
	desk_close(&k.desk);
	vm_close(&vm);
	loop_free(&k.loop);
	return unit_failed;
}
