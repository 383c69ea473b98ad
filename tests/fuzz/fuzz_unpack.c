/* Whatever a vault answers to a restore: it is written below the target or refused; nothing beside it is touched. */
#include <sys/socket.h>

#include "cli/restore_carry.h"
#include "cli/restore_plan.h"
#include "cli/restore_work.h"
#include "cli/unpack.h"
#include "tests/fuzz/playground.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MOST 65536 /* fits into a socket */

static int moved(void *context, struct error *err)
{
	(void)context;
	(void)err;
	return 0;
}

/* What stands before FETCH_END is the tree, what stands behind it the content. */
static int take_tree(struct wire *wire, struct restore_plan *plan, struct error *err)
{
	struct frame frame;

	while (wire_receive(wire, &frame, err) == 1) {
		if (frame.type == FRAME_FETCH_END)
			return restore_plan_end(plan, err);
		if (restore_plan_take(plan, &frame, err) != 0)
			return -1;
	}
	return -1;
}

static void restore(int fd, int target_fd)
{
	struct restore_plan_options what = { .target_fd = target_fd };
	struct restore_work_key key = { .pipeline = "p", .wanted = "" };
	struct unpack_options how = { .complain = NULL };
	struct error err = { .class = ERR_NONE };
	struct restore_carry carry = { .moved = moved };
	struct restore_work work;

	if (restore_work_open(&work, target_fd, &key, &err) == 0 &&
	    restore_work_begin(&work, &key, PLAYGROUND_GENERATION, &err) == 0 &&
	    wire_new(fd, fd, 'C', NULL, &carry.wire, &err) == 0 && restore_plan_new(&what, &carry.plan, &err) == 0 &&
	    take_tree(carry.wire, carry.plan, &err) == 0 && unpack_new(&work, &how, &carry.unpack, &err) == 0 &&
	    restore_carry_run(&carry, &err) == 0 && restore_carry_settle(&carry, false, &err) == 0 &&
	    restore_work_end(&work, &err) == 0)
		(void)restore_carry_settle(&carry, true, &err);
	unpack_destroy(&carry.unpack);
	restore_plan_destroy(&carry.plan);
	wire_destroy(&carry.wire);
	restore_work_close(&work);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[400];
	int ends[2];
	int target_fd;

	if (size > INPUT_MOST)
		return 0;
	(void)playground_begin();
	playground_folder("beside");
	playground_folder("to");
	playground_text("beside/file", PLAYGROUND_OLD);
	(void)snprintf(path, sizeof(path), "%s/to", playground_path);
	target_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	playground_want(target_fd >= 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	playground_want(size == 0 || write(ends[1], data, size) == (ssize_t)size);
	(void)shutdown(ends[1], SHUT_WR);
	restore(ends[0], target_fd);
	(void)close(ends[0]);
	(void)close(ends[1]);
	(void)close(target_fd);
	playground_holds("beside/file", 0);
	playground_want(playground_entries("beside") == 1 && playground_entries(".") == 2);
	return 0;
}
