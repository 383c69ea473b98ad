/* Property lists as macOS writes them, and as nobody should: XML and binary. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/plist.h"
#include "tests/unit/scratch.h"

#define HEAD                                                                                                           \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                                                 \
	"<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n" \
	"<plist version=\"1.0\">\n"

/* What is told, as one text. */
static char told[4096];
static size_t n_told;

static void note(void *cookie, const char *path, const struct plist_value *value)
{
	static const char *const types[] = { "s", "i", "b", "d", "?" };
	size_t used = strlen(told);

	(void)cookie;
	n_told++;
	if (value->type == PLIST_STRING)
		(void)snprintf(told + used, sizeof(told) - used, "%s=s:%s;", path, value->text);
	else
		(void)snprintf(told + used, sizeof(told) - used, "%s=%s:%lld;", path, types[value->type],
		               (long long)value->number);
}

static int parse(const void *data, size_t len, struct error *err)
{
	told[0] = '\0';
	n_told = 0;
	error_clear(err);
	return plist_parse(data, len, note, NULL, err);
}

static void xml_is_read(void **state)
{
	static const struct {
		const char *text;
		const char *told;
	} rows[] = {
		{ HEAD "<dict><key>a</key><integer>42</integer></dict></plist>", "a=i:42;" },
		{ HEAD "<dict/></plist>", "" },
		{ HEAD "<string>x &amp; y</string></plist>", "=s:x & y;" },
		{ HEAD
		  "<dict><key>a</key><dict><key>b</key><true/><key>c</key><false/></dict><key>d</key><real>1.5</real>"
		  "</dict></plist>",
		  "a/b=b:1;a/c=b:0;d=?:0;" },
		{ HEAD
		  "<dict>\n\t<key>Snapshots</key>\n\t<array>\n\t\t<dict><key>Date</key>"
		  "<date>2026-11-25T10:00:00Z</date></dict>\n\t\t<dict><key>Date</key><date>2026-11-25T11:00:00Z</date>"
		  "</dict>\n\t</array>\n<key>z</key><string></string></dict></plist>",
		  "Snapshots/Date=d:1795600800;Snapshots/Date=d:1795604400;z=s:;" },
		{ "<plist><dict><key>n</key><integer> -7 </integer></dict></plist>", "n=i:-7;" },
		{ HEAD "<dict><key>k</key><data>AAAA</data></dict></plist>", "k=?:0;" },
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (parse(rows[i].text, strlen(rows[i].text), &err) != 0)
			fail_msg("%zu: %s", i, err.text);
		assert_string_equal(told, rows[i].told);
	}
}

static void xml_that_is_no_property_list_is_refused(void **state)
{
	static const char *const rows[] = {
		"<html/>",
		"<plist>",
		HEAD "</plist>",
		HEAD "<dict><key>a</key></dict></plist>",
		HEAD "<dict><integer>1</integer></dict></plist>",
		HEAD "<dict><key>a</key><key>b</key><true/></dict></plist>",
		HEAD "<key>a</key></plist>",
		HEAD "<true/><true/></plist>",
		HEAD "<dict><key>a</key><integer>many</integer></dict></plist>",
		HEAD "<dict><key>a</key><integer>99999999999999999999</integer></dict></plist>",
		HEAD "<dict><key>a</key><date>yesterday</date></dict></plist>",
		HEAD "<dict><key>a</key><date>2026-13-25T10:00:00Z</date></dict></plist>",
		HEAD "<dict><key>a</key><string><b>x</b></string></dict></plist>",
		HEAD "<array><array><array><array><array><array><array><array><array/></array></array></array></"
		     "array></array>"
		     "</array></array></array></plist>",
		"<!DOCTYPE plist [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><plist><string>&b;</string></plist>",
		"\0\0\0\0",
		"not at all",
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i]);

		if (parse(rows[i], len > 0 ? len : 4, &err) == 0)
			fail_msg("%zu is taken: %s", i, rows[i]);
		assert_int_equal(err.class, ERR_DAMAGED);
		assert_non_null(strstr(err.text, "no property list"));
	}
}

/* By Python's plistlib: {"Snapshots": [{completion date, name}, …], "big": 2^40, "data", "n": -5, "no", "real", "yes"} */
static const unsigned char binary[] = "\x62\x70\x6c\x69\x73\x74\x30\x30\xd7\x01\x02\x03\x04\x05\x06\x07\x08\x11\x12\x13"
                                      "\x14\x15\x16\x59\x53\x6e\x61\x70"
                                      "\x73\x68\x6f\x74\x73\x53\x62\x69\x67\x54\x64\x61\x74\x61\x51\x6e\x52\x6e\x6f\x54"
                                      "\x72\x65\x61\x6c\x53\x79\x65\x73"
                                      "\xa2\x09\x0e\xd2\x0a\x0b\x0c\x0d\x5f\x10\x28\x63\x6f\x6d\x2e\x61\x70\x70\x6c\x65"
                                      "\x2e\x62\x61\x63\x6b\x75\x70\x64"
                                      "\x2e\x53\x6e\x61\x70\x73\x68\x6f\x74\x43\x6f\x6d\x70\x6c\x65\x74\x69\x6f\x6e\x44"
                                      "\x61\x74\x65\x5f\x10\x1e\x63\x6f"
                                      "\x6d\x2e\x61\x70\x70\x6c\x65\x2e\x62\x61\x63\x6b\x75\x70\x64\x2e\x53\x6e\x61\x70"
                                      "\x73\x68\x6f\x74\x4e\x61\x6d\x65"
                                      "\x33\x41\xc8\x5b\x6d\x88\x00\x00\x00\x51\x61\xd2\x0a\x0b\x0f\x10\x33\x41\xc8\x5b"
                                      "\x74\x90\x00\x00\x00\x65\x00\x42"
                                      "\x00\xfc\x00\x72\xd8\x3d\xde\x00\x13\x00\x00\x01\x00\x00\x00\x00\x00\x42\x78\x78"
                                      "\x13\xff\xff\xff\xff\xff\xff\xff"
                                      "\xfb\x08\x23\x3f\xf8\x00\x00\x00\x00\x00\x00\x09\x08\x17\x21\x25\x2a\x2c\x2f\x34"
                                      "\x38\x3b\x40\x6b\x8c\x95\x97\x9c"
                                      "\xa5\xb0\xb9\xbc\xc5\xc6\xcf\x00\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00"
                                      "\x00\x00\x17\x00\x00\x00\x00\x00"
                                      "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xd0";
#define BINARY_BYTES (sizeof(binary) - 1)

static void binary_is_read(void **state)
{
	struct error err;

	(void)state;
	if (parse(binary, BINARY_BYTES, &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(told, "Snapshots/com.apple.backupd.SnapshotCompletionDate=d:1795597200;"
	                          "Snapshots/com.apple.backupd.SnapshotName=s:a;"
	                          "Snapshots/com.apple.backupd.SnapshotCompletionDate=d:1795600800;"
	                          "Snapshots/com.apple.backupd.SnapshotName=s:B\xc3\xbcr\xf0\x9f\x98\x80;"
	                          "big=i:1099511627776;data=?:0;n=i:-5;no=b:0;real=?:0;yes=b:1;");
}

/* Cut at each byte, and each byte set to each of some values: taken or refused, and no fault (the sanitizers look on). */
static void binary_that_is_damaged_is_refused_or_read(void **state)
{
	static const unsigned char values[] = { 0x00, 0x01, 0x0f, 0x5f, 0x7f, 0x80, 0xaf, 0xdf, 0xff };
	unsigned char copy[BINARY_BYTES];
	struct error err;

	(void)state;
	for (size_t len = 0; len < BINARY_BYTES; len++) {
		memcpy(copy, binary, len);
		assert_int_equal(parse(copy, len, &err), -1);
		assert_int_equal(err.class, ERR_DAMAGED);
	}
	for (size_t at = 8; at < BINARY_BYTES; at++)
		for (size_t v = 0; v < sizeof(values); v++) {
			memcpy(copy, binary, BINARY_BYTES);
			copy[at] = values[v];
			(void)parse(copy, BINARY_BYTES, &err);
		}
}

/* Seven lists of 200 times the next one each: 200^7 values in some 1,500 bytes. */
static void few_bytes_cannot_stand_for_billions_of_values(void **state)
{
	enum { LISTS = 7, EACH = 200 };
	unsigned char data[4096];
	size_t offsets[LISTS + 1];
	size_t n = 8;
	size_t table;
	struct error err;

	(void)state;
	memcpy(data, "bplist00", 8);
	for (size_t i = 0; i < LISTS; i++) {
		offsets[i] = n;
		data[n++] = 0xaf;
		data[n++] = 0x10;
		data[n++] = EACH;
		memset(data + n, (int)i + 1, EACH);
		n += EACH;
	}
	offsets[LISTS] = n;
	data[n++] = 0x09;
	table = n;
	for (size_t i = 0; i <= LISTS; i++) {
		data[n++] = (unsigned char)(offsets[i] >> 8);
		data[n++] = (unsigned char)offsets[i];
	}
	memset(data + n, 0, 32);
	data[n + 6] = 2;
	data[n + 7] = 1;
	data[n + 15] = LISTS + 1;
	data[n + 30] = (unsigned char)(table >> 8);
	data[n + 31] = (unsigned char)table;
	assert_int_equal(parse(data, n + 32, &err), -1);
	assert_non_null(strstr(err.text, "too many values"));
	assert_true(n_told <= PLIST_VALUES_MAX);
}

static void a_list_in_itself_ends(void **state)
{
	static const unsigned char data[] =
	        "bplist00\xa1\x00\x08\0\0\0\0\0\0\x01\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0"
	        "\0\0\0\0\x0a";
	struct error err;

	(void)state;
	assert_int_equal(parse(data, sizeof(data) - 1, &err), -1);
	assert_non_null(strstr(err.text, "too deep"));
}

static void a_file_is_read_and_what_is_none_is_not(void **state)
{
	char folder[PATH_MAX];
	struct error err = { .class = ERR_NONE };
	int dir;
	int fd;

	(void)state;
	assert_int_equal(scratch_make(folder, sizeof(folder), "plist"), 0);
	dir = open(folder, O_RDONLY | O_DIRECTORY);
	assert_true(dir >= 0);
	fd = openat(dir, "a.plist", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, binary, BINARY_BYTES), BINARY_BYTES);
	assert_int_equal(close(fd), 0);
	told[0] = '\0';
	assert_int_equal(plist_read(dir, "a.plist", note, NULL, &err), 0);
	assert_non_null(strstr(told, "1795600800"));
	assert_int_equal(plist_read(dir, "b.plist", note, NULL, &err), -1);
	assert_int_equal(err.class, ERR_NOT_FOUND);
	assert_int_equal(symlinkat("a.plist", dir, "link.plist"), 0);
	assert_int_equal(plist_read(dir, "link.plist", note, NULL, &err), -1);
	/* A pipe keeps nobody waiting. */
	assert_int_equal(mkfifoat(dir, "pipe.plist", 0600), 0);
	assert_int_equal(plist_read(dir, "pipe.plist", note, NULL, &err), -1);
	assert_int_equal(err.class, ERR_DAMAGED);
	fd = openat(dir, "large.plist", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(ftruncate(fd, PLIST_BYTES_MAX + 1), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(plist_read(dir, "large.plist", note, NULL, &err), -1);
	assert_int_equal(err.class, ERR_DAMAGED);
	for (const char *const *name =
	             (const char *const[]){ "a.plist", "link.plist", "pipe.plist", "large.plist", NULL };
	     *name != NULL; name++)
		assert_int_equal(unlinkat(dir, *name, 0), 0);
	assert_int_equal(close(dir), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xml_is_read),
		cmocka_unit_test(xml_that_is_no_property_list_is_refused),
		cmocka_unit_test(binary_is_read),
		cmocka_unit_test(binary_that_is_damaged_is_refused_or_read),
		cmocka_unit_test(few_bytes_cannot_stand_for_billions_of_values),
		cmocka_unit_test(a_list_in_itself_ends),
		cmocka_unit_test(a_file_is_read_and_what_is_none_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
