#include "monitor/stream.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_SIZE 64

struct message {
	char id[ID_SIZE];
	char *text;
	size_t len_bytes;
};

struct stream {
	pthread_mutex_t lock;
	struct message ring[STREAM_MESSAGES];
	uint64_t first, next; /* numbers of the oldest held and of the next one; by number modulo in the ring */
	size_t held_bytes;
};

struct stream *stream_new(void)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (stream != NULL)
		(void)pthread_mutex_init(&stream->lock, NULL);
	return stream;
}

static struct message *at(struct stream *stream, uint64_t number)
{
	return &stream->ring[number % STREAM_MESSAGES];
}

static void drop_oldest(struct stream *stream)
{
	struct message *oldest = at(stream, stream->first++);

	stream->held_bytes -= oldest->len_bytes;
	free(oldest->text);
	*oldest = (struct message){ .text = NULL };
}

void stream_destroy(struct stream **stream)
{
	if (*stream == NULL)
		return;
	while ((*stream)->first < (*stream)->next)
		drop_oldest(*stream);
	(void)pthread_mutex_destroy(&(*stream)->lock);
	free(*stream);
	*stream = NULL;
}

void stream_push(struct stream *stream, const char *id, const char *data)
{
	size_t size = strlen(id) + strlen(data) + sizeof("id: \ndata: \n\n");
	char *text = malloc(size);
	struct message *message = NULL;

	(void)pthread_mutex_lock(&stream->lock);
	while (stream->next - stream->first == STREAM_MESSAGES ||
	       (stream->first < stream->next && stream->held_bytes + size > STREAM_BYTES_MAX))
		drop_oldest(stream);
	message = at(stream, stream->next++);
	*message = (struct message){ .text = text };
	if (text != NULL) {
		(void)snprintf(message->id, sizeof(message->id), "%s", id);
		message->len_bytes = (size_t)(*id != '\0' ? snprintf(text, size, "id: %s\ndata: %s\n\n", id, data)
		                                          : snprintf(text, size, "data: %s\n\n", data));
		stream->held_bytes += message->len_bytes;
	}
	(void)pthread_mutex_unlock(&stream->lock);
}

struct stream_place stream_begin(struct stream *stream, const char *last_id)
{
	struct stream_place place = { 0, 0 };

	(void)pthread_mutex_lock(&stream->lock);
	place.message = stream->next;
	for (uint64_t i = stream->first; last_id != NULL && *last_id != '\0' && i < stream->next; i++)
		if (strcmp(at(stream, i)->id, last_id) == 0)
			place.message = i + 1;
	(void)pthread_mutex_unlock(&stream->lock);
	return place;
}

ssize_t stream_read(struct stream *stream, struct stream_place *place, char *out, size_t size)
{
	size_t used = 0;
	ssize_t rc;

	(void)pthread_mutex_lock(&stream->lock);
	while (place->message >= stream->first && place->message < stream->next && used < size) {
		const struct message *message = at(stream, place->message);
		size_t left = message->len_bytes - place->offset_bytes;
		size_t n = left < size - used ? left : size - used;

		if (n > 0)
			memcpy(out + used, message->text + place->offset_bytes, n);
		used += n;
		place->offset_bytes += n;
		if (n == left)
			*place = (struct stream_place){ place->message + 1, 0 };
	}
	rc = used == 0 && place->message < stream->first ? -1 : (ssize_t)used;
	(void)pthread_mutex_unlock(&stream->lock);
	return rc;
}
