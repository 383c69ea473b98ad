/* Whatever comes over the wire: frames, and the entries in them, are taken or refused. */
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/entry_codec.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MOST 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = { .class = ERR_NONE };
	struct entry_memory memory;
	struct wire *wire;
	struct frame frame;
	int fds[2];

	if (size > INPUT_MOST || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
		return 0;
	if (size != 0 && write(fds[1], data, size) != (ssize_t)size)
		size = 0;
	(void)shutdown(fds[1], SHUT_WR);
	entry_memory_init(&memory);
	if (wire_new(fds[0], fds[0], 'R', NULL, &wire, &err) == 0) {
		while (wire_receive(wire, &frame, &err) == 1) {
			struct decoder d;
			struct entry entry;

			decoder_init(&d, frame.payload, frame.len_bytes);
			get_entry(&d, &memory, &entry);
		}
		wire_destroy(&wire);
	}
	entry_memory_done(&memory);
	(void)close(fds[0]);
	(void)close(fds[1]);
	return 0;
}
