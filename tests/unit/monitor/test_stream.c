/* Each reader gets every message once and in order, however small its sips; one that is too slow is told so; memory stays what it is. */
#include "monitor/stream.h"
#include "tests/unit/monitor/monitor_lab.h"

static void readers_go_at_their_own_pace(void **state)
{
	struct stream *stream = stream_new();
	struct stream_place fast;
	struct stream_place slow;
	char buffer[256];
	char sips[256] = "";

	(void)state;
	stream_push(stream, "0", "before");
	fast = slow = stream_begin(stream, NULL);
	assert_int_equal(stream_read(stream, &fast, buffer, sizeof(buffer)), 0);
	stream_push(stream, "1", "one");
	stream_push(stream, "", "two");
	assert_int_equal(stream_read(stream, &fast, buffer, sizeof(buffer)),
	                 strlen("id: 1\ndata: one\n\ndata: two\n\n"));
	assert_memory_equal(buffer, "id: 1\ndata: one\n\ndata: two\n\n", 27);
	for (ssize_t n; (n = stream_read(stream, &slow, buffer, 3)) > 0;)
		strncat(sips, buffer, (size_t)n);
	assert_string_equal(sips, "id: 1\ndata: one\n\ndata: two\n\n");
	stream_destroy(&stream);
}

static void a_reader_begins_behind_what_it_had(void **state)
{
	static const struct {
		const char *last_id, *next; /* NULL: nothing */
	} rows[] = { { "a", "id: b\ndata: 2\n\n" }, { "b", NULL }, { "gone", NULL }, { "", NULL }, { NULL, NULL } };
	struct stream *stream = stream_new();

	(void)state;
	stream_push(stream, "a", "1");
	stream_push(stream, "b", "2");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stream_place place = stream_begin(stream, rows[i].last_id);
		char buffer[64] = "";
		ssize_t n = stream_read(stream, &place, buffer, sizeof(buffer) - 1);

		assert_int_equal(n, rows[i].next != NULL ? (ssize_t)strlen(rows[i].next) : 0);
		if (rows[i].next != NULL)
			assert_memory_equal(buffer, rows[i].next, (size_t)n);
	}
	stream_destroy(&stream);
}

static void who_is_too_slow_is_told(void **state)
{
	struct stream *stream = stream_new();
	struct stream_place begun = stream_begin(stream, NULL);
	struct stream_place middle;
	char buffer[64];

	(void)state;
	stream_push(stream, "", "first");
	middle = begun;
	assert_int_equal(stream_read(stream, &middle, buffer, 4), 4);
	for (int i = 0; i < STREAM_MESSAGES; i++)
		stream_push(stream, "", "more");
	assert_int_equal(stream_read(stream, &begun, buffer, sizeof(buffer)), -1);
	assert_int_equal(stream_read(stream, &middle, buffer, sizeof(buffer)), -1);
	stream_destroy(&stream);
}

static void large_messages_push_older_ones_out(void **state)
{
	struct stream *stream = stream_new();
	struct stream_place place = stream_begin(stream, NULL);
	char *large = calloc(1, 1 << 20);
	char buffer[64];

	(void)state;
	assert_non_null(large);
	memset(large, 'x', (1 << 20) - 1);
	for (int i = 0; i < 10; i++)
		stream_push(stream, "", large);
	assert_int_equal(stream_read(stream, &place, buffer, sizeof(buffer)),
	                 -1); /* at most STREAM_BYTES_MAX are held */
	free(large);
	stream_destroy(&stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_go_at_their_own_pace),
		cmocka_unit_test(a_reader_begins_behind_what_it_had),
		cmocka_unit_test(who_is_too_slow_is_told),
		cmocka_unit_test(large_messages_push_older_ones_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
