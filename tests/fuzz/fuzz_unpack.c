/* Whatever a vault answers to a restore: it is written below the target or refused; nothing beside it is touched. */
#include <sys/socket.h>

#include "cli/unpack.h"
#include "tests/fuzz/playground.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MOST 65536 /* fits into a socket */

static int take(struct unpack *unpack, const struct frame *frame, struct error *err)
{
	switch (frame->type) {
	case FRAME_ENTRY:
		return unpack_entry(unpack, frame->payload, frame->len_bytes, err);
	case FRAME_FETCH_DATA:
		return unpack_data(unpack, frame->payload, frame->len_bytes, err);
	case FRAME_FETCH_FILE_END:
		return unpack_file_end(unpack, frame->payload, frame->len_bytes, err);
	default:
		return -1;
	}
}

static void restore(int fd, int target_fd)
{
	struct unpack_options options = { .complain = NULL };
	struct error err = { .class = ERR_NONE };
	struct unpack *unpack = NULL;
	struct wire *wire = NULL;
	struct frame frame;
	int rc = 1;

	if (wire_new(fd, fd, 'C', NULL, &wire, &err) == 0 && unpack_new(target_fd, &options, &unpack, &err) == 0) {
		while (rc == 1 && (rc = wire_receive(wire, &frame, &err)) == 1)
			rc = take(unpack, &frame, &err) == 0 ? 1 : -1;
		if (rc == 0)
			(void)unpack_finish(unpack, &err);
	}
	unpack_destroy(&unpack);
	wire_destroy(&wire);
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
