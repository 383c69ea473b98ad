/* Whatever comes as a send stream: it is parsed or refused, and what is parsed the overlay takes or refuses. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "transfer/follow.h"
#include "transfer/send_stream.h"
#include "lib/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t left;
};

static int take(void *context, void *buffer, size_t size, size_t *got, struct error *err)
{
	struct input *in = context;

	(void)err;
	*got = size < in->left ? size : in->left;
	memcpy(buffer, in->data, *got);
	in->data += *got;
	in->left -= *got;
	return 0;
}

static int busy(void *context, struct error *err)
{
	(void)context;
	(void)err;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = { .class = ERR_NONE };
	struct input in = { .data = data, .left = size };
	struct send_stream *stream;
	struct overlay *overlay;
	const char *why;
	FILE *extents = scratch_file(&err);

	if (extents == NULL || send_stream_new(take, &in, &stream, &err) != 0)
		return 0;
	if (overlay_new(&overlay, &err) == 0) {
		(void)follow_stream(stream, overlay, extents, busy, NULL, &why, &err);
		overlay_destroy(&overlay);
	}
	send_stream_destroy(&stream);
	(void)fclose(extents);
	return 0;
}
