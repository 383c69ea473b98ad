#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "transfer/send_stream.h"

/* A stream that is written by hand. */
static struct {
	uint8_t data[300000];
	size_t n, at, command, chunk;
	unsigned version;
} s;

static void raw(const void *data, size_t n)
{
	memcpy(s.data + s.n, data, n);
	s.n += n;
}

static void number(uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		s.data[s.n++] = (uint8_t)(value >> (8 * i));
}

static void start(unsigned version)
{
	memset(&s, 0, sizeof(s));
	s.chunk = sizeof(s.data);
	s.version = version;
	raw("btrfs-stream", 13);
	number(version, 4);
}

static void command(unsigned type)
{
	s.command = s.n;
	number(0, 4);
	number(type, 2);
	number(0, 4);
}

static void field(unsigned type, const void *data, size_t n)
{
	number(type, 2);
	if (type != 19 || s.version < 2)
		number(n, 2);
	raw(data, n);
}

static void path(unsigned type, const char *text)
{
	field(type, text, strlen(text));
}

static void u64(unsigned type, uint64_t value)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	field(type, bytes, 8);
}

static uint32_t crc32c(const uint8_t *data, size_t n)
{
	uint32_t crc = 0;

	for (size_t i = 0; i < n; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
	}
	return crc;
}

static void done(void)
{
	size_t end = s.n;
	size_t body = end - s.command - 10;
	uint32_t crc;

	s.n = s.command;
	number(body, 4);
	s.n = end;
	crc = crc32c(s.data + s.command, end - s.command);
	s.n = s.command + 6;
	number(crc, 4);
	s.n = end;
}

static int read_it(void *context, void *buffer, size_t size, size_t *got, struct error *err)
{
	size_t left = s.n - s.at;

	(void)context;
	(void)err;
	*got = size < left ? size : left;
	*got = *got < s.chunk ? *got : s.chunk;
	memcpy(buffer, s.data + s.at, *got);
	s.at += *got;
	return 0;
}

/* The whole stream as text; or "error …". */
static const char *told(void)
{
	static const char *const ops[] = { "?",      "file",  "folder", "other",    "rename", "link",
		                           "unlink", "rmdir", "extent", "truncate", "meta" };
	static char text[4096];
	struct error err = { .class = ERR_NONE };
	struct send_stream *stream;
	struct send_change c;
	size_t used = 0;
	int rc;

	s.at = 0;
	text[0] = '\0';
	assert_int_equal(send_stream_new(read_it, NULL, &stream, &err), 0);
	while ((rc = send_stream_next(stream, &c, &err)) == 1)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %s%s%s %llu+%llu; ", ops[c.op], c.path,
		                         *c.to != '\0' ? ">" : "", c.to, (unsigned long long)c.offset_bytes,
		                         (unsigned long long)c.len_bytes);
	if (rc != 0) {
		assert_int_equal(err.class, ERR_PROTOCOL);
		(void)snprintf(text, sizeof(text), "error %s", err.text);
	}
	send_stream_destroy(&stream);
	return text;
}

static void end(void)
{
	command(21);
	done();
}

static void head(void)
{
	command(2); /* SNAPSHOT */
	path(15, "p.r2");
	field(1, "0123456789abcdef", 16);
	u64(2, 7);
	done();
}

static void every_command_is_told_in_both_versions(void **state)
{
	(void)state;
	for (unsigned version = 1; version <= 2; version++) {
		start(version);
		head();
		command(3), path(15, "o257-7-0"), u64(3, 257), done();
		command(9), path(15, "o257-7-0"), path(16, "a/new"), done();
		command(10), path(15, "b"), path(17, "a/new"), done();
		command(11), path(15, "a/new"), done();
		command(4), path(15, "d"), u64(3, 258), done();
		command(8), path(15, "l"), u64(3, 259), path(17, "target"), done();
		command(12), path(15, "d"), done();
		command(22), path(15, "b"), u64(18, 4096), u64(4, 8192), done();
		command(17), path(15, "b"), u64(4, 10), done();
		command(15), path(15, "b"), u64(18, 5), field(19, "data", 4), done();
		command(20), path(15, ""), done();
		command(13), path(15, "b"), path(13, "user.x"), field(14, "", 0), done();
		end();
		assert_string_equal(told(),
		                    "file o257-7-0 0+0; rename o257-7-0>a/new 0+0; link b>a/new 0+0; unlink a/new 0+0; "
		                    "folder d 0+0; other l 0+0; rmdir d 0+0; extent b 4096+8192; truncate b 0+10; "
		                    "extent b 5+4; meta  0+0; meta b 0+0; ");
		/* However the bytes come. */
		s.chunk = 1;
		assert_non_null(strstr(told(), "meta b"));
	}
}

static void what_only_version_2_has(void **state)
{
	(void)state;
	start(2);
	command(23), path(15, "f"), u64(18, 0), u64(4, 4096), done();
	command(25), path(15, "f"), u64(18, 4096), u64(27, 100), field(19, "zz", 2), done();
	end();
	assert_string_equal(told(), "extent f 0+4096; extent f 4096+100; ");
	start(1);
	command(23), path(15, "f"), u64(18, 0), u64(4, 4096), done();
	end();
	assert_string_equal(told(), "error the send stream, at byte 17: a command that is not known here");
}

static void whatever_is_wrong_is_said_with_its_place(void **state)
{
	static const char *const paths[] = { "../x", "/x", "a//b", "a/../b", "." };

	(void)state;
	start(1);
	s.data[0] = 'x';
	assert_string_equal(told(), "error the send stream, at byte 0: this is no send stream");
	start(3);
	assert_string_equal(told(), "error the send stream, at byte 0: its version is not known here");
	start(1);
	assert_string_equal(told(), "error the send stream, at byte 17: it is cut short");
	start(1), command(11), path(15, "x"), done();
	s.data[s.n - 1] ^= 1;
	assert_string_equal(told(), "error the send stream, at byte 17: a checksum does not fit");
	start(1), command(11), done();
	assert_string_equal(told(), "error the send stream, at byte 17: a path is missing");
	start(1), command(11), path(15, "x"), path(15, "y"), done();
	assert_string_equal(told(), "error the send stream, at byte 17: an attribute is there twice");
	start(1), command(11), field(15, "a\0b", 3), done();
	assert_non_null(strstr(told(), "a path that leads out of the subvolume, or is none"));
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		start(1), command(11), path(15, paths[i]), done();
		assert_non_null(strstr(told(), "a path that leads out of the subvolume, or is none"));
	}
	start(1), command(17), path(15, "x"), u64(4, UINT64_MAX), done();
	assert_non_null(strstr(told(), "a number that no file can have"));
	start(1), command(22), path(15, "x"), u64(18, INT64_MAX), u64(4, 1), done();
	assert_non_null(strstr(told(), "an extent that no file can have"));
	start(1), command(17), path(15, "x"), field(4, "1234", 4), done();
	assert_non_null(strstr(told(), "of another width"));
	start(1), command(11), path(15, "x"), done();
	s.n = s.command;
	number(1u << 20, 4);
	assert_non_null(strstr(told(), "cut short"));
	start(1), command(11), path(15, "x");
	s.data[s.command + 12] = 200; /* an attribute's length */
	done();
	assert_non_null(strstr(told(), "an attribute is longer than its command"));
	start(1), command(11), path(99, "x"), done();
	assert_non_null(strstr(told(), "an attribute that is not known here"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_is_told_in_both_versions),
		cmocka_unit_test(what_only_version_2_has),
		cmocka_unit_test(whatever_is_wrong_is_said_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
