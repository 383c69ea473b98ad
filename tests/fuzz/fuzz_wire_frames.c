/* Whatever comes over the wire: frames, and the entries in them, are taken or refused. */
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/entry_codec.h"
#include "wire/look_codec.h"
#include "wire/verify_codec.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MOST 65536

static void decode(const struct frame *frame, struct look_codec_memory *memory)
{
	struct wire_difference difference;
	struct wire_verified verified;
	struct wire_damage damage;
	struct wire_found found;
	struct entry entry;
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	get_entry(&d, &memory->memory[0], &entry);
	decoder_init(&d, frame->payload, frame->len_bytes);
	get_found(&d, &memory->memory[0], &found);
	decoder_init(&d, frame->payload, frame->len_bytes);
	get_difference(&d, memory, &difference);
	decoder_init(&d, frame->payload, frame->len_bytes);
	get_verified(&d, &verified);
	decoder_init(&d, frame->payload, frame->len_bytes);
	get_damage(&d, &damage);
	verify_codec_damage_done(&damage);
}

/* As either end would hear it. */
static void hear(char side, const uint8_t *data, size_t size)
{
	struct error err = { .class = ERR_NONE };
	struct look_codec_memory memory;
	struct wire *wire;
	struct frame frame;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
		return;
	if (size != 0 && write(fds[1], data, size) != (ssize_t)size)
		size = 0;
	(void)shutdown(fds[1], SHUT_WR);
	look_codec_memory_init(&memory);
	if (wire_new(fds[0], fds[0], side, NULL, &wire, &err) == 0) {
		while (wire_receive(wire, &frame, &err) == 1)
			decode(&frame, &memory);
		wire_destroy(&wire);
	}
	look_codec_memory_done(&memory);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > INPUT_MOST)
		return 0;
	hear('R', data, size);
	hear('C', data, size);
	return 0;
}
