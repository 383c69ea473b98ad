#include "transfer/sender.h"

void sender_init(struct sender *sender)
{
	*sender = (struct sender){ 0 };
	encoder_init(&sender->encoder);
	entry_memory_init(&sender->memory);
}

void sender_done(struct sender *sender)
{
	encoder_done(&sender->encoder);
	entry_memory_done(&sender->memory);
	inside_destroy(&sender->tree);
}

int sender_read_in(struct inside *tree, const char *path, bool digest_only, struct entry_memory *memory,
                   struct entry *entry, struct error *err)
{
	int parent_fd;
	const char *leaf;

	if (inside_parent(tree, path, &parent_fd, &leaf, err) != 0)
		return -1;
	return entry_read(parent_fd, leaf, path, digest_only, memory, entry, err);
}

int sender_read(struct sender *sender, const char *path, struct entry *entry, struct error *err)
{
	return sender_read_in(sender->tree, path, false, &sender->memory, entry, err);
}

int sender_alive(void *context, struct error *err)
{
	const struct sender *sender = context;

	return wire_keepalive(sender->wire, err);
}

int sender_frame(struct sender *sender, unsigned type, struct error *err)
{
	if (sender->encoder.bad)
		return error_set(err, ERR_SYSTEM, "out of memory");
	return wire_send(sender->wire, type, sender->encoder.data, sender->encoder.len_bytes, err);
}
