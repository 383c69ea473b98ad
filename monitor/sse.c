#include "monitor/sse.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 8192
#define BEAT ": still here\n\n"
#define GREETING "retry: 3000\n\n"

struct client {
	struct sse *sse;
	struct MHD_Connection *connection;
	struct stream_place place;
	bool greeted;
	bool suspended;
	bool beat;
	struct client *next;
};

struct sse {
	pthread_mutex_t lock; /* taken before the stream's */
	struct stream *stream;
	struct client *clients;
	size_t n_clients;
	bool closed;
};

struct sse *sse_new(struct stream *stream)
{
	struct sse *sse = calloc(1, sizeof(*sse));

	if (sse == NULL)
		return NULL;
	(void)pthread_mutex_init(&sse->lock, NULL);
	sse->stream = stream;
	return sse;
}

void sse_destroy(struct sse **sse)
{
	if (*sse == NULL)
		return;
	(void)pthread_mutex_destroy(&(*sse)->lock);
	free(*sse);
	*sse = NULL;
}

static ssize_t put(char *out, size_t size, const char *words)
{
	size_t len = strlen(words);

	if (len > size)
		return 0;
	memcpy(out, words, len); /* NOLINT(bugprone-not-null-terminated-result): bytes of a stream, no text */
	return (ssize_t)len;
}

/* With the lock: looking and suspending are one, or a wake-up in between would be lost. */
static ssize_t next_bytes(struct client *client, char *out, size_t size)
{
	ssize_t n;

	if (client->sse->closed)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (!client->greeted) {
		client->greeted = true;
		return put(out, size, GREETING);
	}
	n = stream_read(client->sse->stream, &client->place, out, size);
	if (n < 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n == 0 && client->beat && client->place.offset_bytes == 0)
		n = put(out, size, BEAT);
	client->beat = false;
	if (n == 0) {
		client->suspended = true;
		MHD_suspend_connection(client->connection);
	}
	return n;
}

static ssize_t read_stream(void *cookie, uint64_t position, char *out, size_t size)
{
	struct client *client = cookie;
	ssize_t n;

	(void)position;
	(void)pthread_mutex_lock(&client->sse->lock);
	n = next_bytes(client, out, size);
	(void)pthread_mutex_unlock(&client->sse->lock);
	return n;
}

static void forget(void *cookie)
{
	struct client *client = cookie;
	struct sse *sse = client->sse;

	(void)pthread_mutex_lock(&sse->lock);
	for (struct client **at = &sse->clients; *at != NULL; at = &(*at)->next)
		if (*at == client) {
			*at = client->next;
			sse->n_clients--;
			break;
		}
	(void)pthread_mutex_unlock(&sse->lock);
	free(client);
}

struct MHD_Response *sse_open(struct sse *sse, struct MHD_Connection *connection, const char *last_id)
{
	struct client *client = calloc(1, sizeof(*client));
	struct MHD_Response *response = NULL;
	bool has_room = false;

	if (client == NULL)
		return NULL;
	*client = (struct client){ .sse = sse, .connection = connection, .place = stream_begin(sse->stream, last_id) };
	(void)pthread_mutex_lock(&sse->lock);
	if (!sse->closed && sse->n_clients < SSE_STREAMS_MAX) {
		has_room = true;
		client->next = sse->clients;
		sse->clients = client;
		sse->n_clients++;
	}
	(void)pthread_mutex_unlock(&sse->lock);
	if (!has_room) {
		free(client);
		return NULL;
	}
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_stream, client, forget);
	if (response == NULL)
		forget(client);
	return response;
}

static void resume(struct client *client)
{
	if (!client->suspended)
		return;
	client->suspended = false;
	MHD_resume_connection(client->connection);
}

void sse_wake(struct sse *sse, bool beat)
{
	(void)pthread_mutex_lock(&sse->lock);
	for (struct client *client = sse->clients; client != NULL; client = client->next) {
		client->beat = client->beat || beat;
		resume(client);
	}
	(void)pthread_mutex_unlock(&sse->lock);
}

void sse_close(struct sse *sse)
{
	(void)pthread_mutex_lock(&sse->lock);
	sse->closed = true;
	for (struct client *client = sse->clients; client != NULL; client = client->next)
		resume(client);
	(void)pthread_mutex_unlock(&sse->lock);
}

size_t sse_count(struct sse *sse)
{
	size_t n;

	(void)pthread_mutex_lock(&sse->lock);
	n = sse->n_clients;
	(void)pthread_mutex_unlock(&sse->lock);
	return n;
}
