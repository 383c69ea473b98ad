/* What is read from one place and applied at another is the same there; paths have one order. Most of it wants root. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/entry.h"
#include "tests/unit/hidden_call.h"

#define NOBODY 65534

struct lab {
	char folder[64];
	int from_fd, to_fd;
	struct entry_memory memory, other;
};

static int make_lab(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	int fd;

	/* Not below $TMPDIR, which may be closed to the other user that some of the tests become. */
	(void)snprintf(lab->folder, sizeof(lab->folder), "/tmp/aob-entry.XXXXXX");
	if (mkdtemp(lab->folder) == NULL || chmod(lab->folder, 0755) != 0)
		return -1;
	fd = open(lab->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(fd, "from", 0700) != 0 || mkdirat(fd, "to", 0700) != 0)
		return -1;
	lab->from_fd = openat(fd, "from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	lab->to_fd = openat(fd, "to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)close(fd);
	entry_memory_init(&lab->memory);
	entry_memory_init(&lab->other);
	*state = lab;
	return 0;
}

static int remove_lab(void **state)
{
	struct lab *lab = *state;
	char command[128];

	(void)close(lab->from_fd);
	(void)close(lab->to_fd);
	entry_memory_done(&lab->memory);
	entry_memory_done(&lab->other);
	(void)snprintf(command, sizeof(command), "rm -rf %s", lab->folder);
	free(lab);
	return system(command);
}

static void need_root(void)
{
	if (geteuid() != 0)
		skip();
}

/* In the folder "from". */
static void shell(const struct lab *lab, const char *script)
{
	char command[2000];

	(void)snprintf(command, sizeof(command), "cd %s/from && { %s; } 2>&1", lab->folder, script);
	if (system(command) != 0)
		fail_msg("%s", command);
}

static void read_entry(int fd, const char *name, struct entry_memory *memory, struct entry *entry)
{
	struct error err = { 0 };

	if (entry_read(fd, name, name, false, memory, entry, &err) != 0)
		fail_msg("%s", err.text);
}

static void touch(int fd, const char *name)
{
	int file = openat(fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(file >= 0);
	assert_int_equal(close(file), 0);
}

static void assert_same(const struct entry *a, const struct entry *b)
{
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->uid, b->uid);
	assert_int_equal(a->gid, b->gid);
	assert_true(a->mtime_s == b->mtime_s);
	assert_int_equal(a->mtime_ns, b->mtime_ns);
	assert_int_equal(a->rdev_major, b->rdev_major);
	assert_int_equal(a->rdev_minor, b->rdev_minor);
	assert_string_equal(a->target, b->target);
	assert_int_equal(a->n_xattrs, b->n_xattrs);
	for (size_t i = 0; i < a->n_xattrs; i++) {
		assert_string_equal(a->xattrs[i].name, b->xattrs[i].name);
		assert_int_equal(a->xattrs[i].len_bytes, b->xattrs[i].len_bytes);
		assert_memory_equal(a->xattrs[i].value, b->xattrs[i].value, a->xattrs[i].len_bytes);
	}
	assert_memory_equal(a->xattr_digest, b->xattr_digest, ENTRY_DIGEST_BYTES);
	assert_true(entry_same_metadata(a, b));
}

/* Reads "from/name", makes and applies it as "to/name", and reads it there. */
static void cross(struct lab *lab, const char *name, bool fake_super, struct entry *from)
{
	struct entry to;
	struct error err = { 0 };

	read_entry(lab->from_fd, name, &lab->memory, from);
	if (from->type == ENTRY_FILE)
		touch(lab->to_fd, name);
	else if (entry_make(lab->to_fd, name, from, fake_super, &err) != 0)
		fail_msg("%s", err.text);
	if (entry_apply(lab->to_fd, name, from, fake_super, &err) != 0)
		fail_msg("%s", err.text);
	read_entry(lab->to_fd, name, &lab->other, &to);
	assert_same(&to, from);
}

static const struct {
	const char *name;
	enum entry_type type;
	const char *script;
	const char *xattr; /* one that must be there, or NULL */
} kinds[] = {
	{ "plain", ENTRY_FILE, "echo x >plain; chown 12:34 plain; chmod 640 plain", NULL },
	{ "setuid", ENTRY_FILE, ">setuid; chown 12:34 setuid; chmod 6755 setuid", NULL },
	{ "read only", ENTRY_FILE, ">'read only'; chmod 0 'read only'", NULL },
	{ "before 1970", ENTRY_FILE, "touch -d '1931-07-04T05:06:07.123456789Z' 'before 1970'", NULL },
	{ "after 2038", ENTRY_FILE, "touch -d '2106-02-07T06:28:17.999999999Z' 'after 2038'", NULL },
	{ "attributes", ENTRY_FILE,
	  ">attributes; setfattr -n user.b -v 2 attributes; setfattr -n user.a attributes; setfattr -n trusted.c -v "
	  "0x0001ff attributes",
	  "trusted.c" },
	{ "capable", ENTRY_FILE,
	  ">capable; chown 12:34 capable; setfattr -n security.capability -v "
	  "0x0100000200040000000000000000000000000000 capable",
	  "security.capability" },
	{ "acl", ENTRY_FILE, ">acl; chmod 640 acl; setfacl -m u:1234:rwx,g:99:r acl", "system.posix_acl_access" },
	{ "folder", ENTRY_FOLDER,
	  "mkdir folder; chown 12:34 folder; chmod 3771 folder; setfacl -d -m u:1234:r folder; touch -d @-1.5 folder",
	  "system.posix_acl_default" },
	{ "symlink", ENTRY_SYMLINK,
	  "ln -s ../no/where symlink; chown -h 12:34 symlink; touch -h -d @-86400.25 symlink; setfattr -h -n trusted.l "
	  "-v "
	  "1 symlink",
	  "trusted.l" },
	{ "fifo", ENTRY_FIFO, "mkfifo fifo; chmod 604 fifo; chown 12:34 fifo", NULL },
	{ "char", ENTRY_CHAR_DEVICE, "mknod char c 1 3; chmod 666 char", NULL },
	{ "block", ENTRY_BLOCK_DEVICE, "mknod block b 8 1048575; chown 12:34 block", NULL },
	{ "od\\d \xff\n'name", ENTRY_FILE, "touch \"$(printf 'od\\134d \\377\\n\\047name')\"", NULL },
};

static void every_kind_is_the_same_at_the_other_place(void **state)
{
	struct lab *lab = *state;

	need_root();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct entry from;
		bool there = kinds[i].xattr == NULL;

		shell(lab, kinds[i].script);
		cross(lab, kinds[i].name, false, &from);
		assert_int_equal(from.type, kinds[i].type);
		for (size_t j = 0; j < from.n_xattrs; j++)
			there = there || strcmp(from.xattrs[j].name, kinds[i].xattr) == 0;
		if (!there)
			fail_msg("%s: no %s", kinds[i].name, kinds[i].xattr);
	}
}

static void what_is_read_is_what_was_made(void **state)
{
	struct lab *lab = *state;
	struct entry entry;

	need_root();
	shell(lab,
	      "echo 12345 >f; ln f g; chown 7:8 f; chmod 4701 f; touch -d @-1.75 f; mknod d c 4 5; ln -s tar/get l");
	read_entry(lab->from_fd, "f", &lab->memory, &entry);
	assert_string_equal(entry.path, "f");
	assert_int_equal(entry.mode, 04701);
	assert_int_equal(entry.uid, 7);
	assert_int_equal(entry.gid, 8);
	assert_int_equal(entry.size_bytes, 6);
	assert_true(entry.mtime_s == -2);
	assert_int_equal(entry.mtime_ns, 250000000);
	assert_int_equal(entry.links, 2);
	assert_int_equal(entry.flags, 0);
	read_entry(lab->from_fd, "d", &lab->memory, &entry);
	assert_int_equal(entry.rdev_major, 4);
	assert_int_equal(entry.rdev_minor, 5);
	assert_int_equal(entry.size_bytes, 0);
	read_entry(lab->from_fd, "l", &lab->memory, &entry);
	assert_string_equal(entry.target, "tar/get");
	read_entry(lab->from_fd, ".", &lab->memory, &entry);
	assert_int_equal(entry.type, ENTRY_FOLDER);
}

static void holes_are_seen(void **state)
{
	struct lab *lab = *state;
	struct entry entry;

	shell(lab, "truncate -s 1M holes; dd if=/dev/zero of=full bs=64k count=1 status=none; sync full");
	read_entry(lab->from_fd, "holes", &lab->memory, &entry);
	assert_int_equal(entry.flags, ENTRY_SPARSE);
	read_entry(lab->from_fd, "full", &lab->memory, &entry);
	assert_int_equal(entry.flags, 0);
}

static void a_listing_has_the_digest_instead_of_the_values(void **state)
{
	struct lab *lab = *state;
	struct entry whole;
	struct entry digest;

	shell(lab, ">x; setfattr -n user.b -v 2 x; setfattr -n user.a -v 1 x; >none");
	read_entry(lab->from_fd, "x", &lab->memory, &whole);
	assert_int_equal(whole.n_xattrs, 2);
	assert_string_equal(whole.xattrs[0].name, "user.a"); /* sorted */
	assert_int_equal(entry_read(lab->from_fd, "x", "x", true, &lab->other, &digest, NULL), 0);
	assert_int_equal(digest.n_xattrs, 0);
	assert_int_equal(digest.flags, ENTRY_DIGEST_ONLY);
	assert_memory_equal(digest.xattr_digest, whole.xattr_digest, ENTRY_DIGEST_BYTES);
	assert_true(entry_same_metadata(&digest, &whole));
	assert_int_equal(entry_read(lab->from_fd, "none", "none", true, &lab->other, &digest, NULL), 0);
	assert_memory_equal(digest.xattr_digest, (uint8_t[ENTRY_DIGEST_BYTES]){ 0 }, ENTRY_DIGEST_BYTES);
}

/* SHA-256 of "user.a" NUL 00000001 "1": by sha256sum(1). */
static void the_digest_is_the_documented_one(void **state)
{
	static const struct entry_xattr one[] = { { "user.a", "1", 1 } };
	uint8_t digest[ENTRY_DIGEST_BYTES];
	char text[2 * ENTRY_DIGEST_BYTES + 1] = "";
	char wanted[2 * ENTRY_DIGEST_BYTES + 1] = "";
	FILE *in = popen("printf 'user.a\\0\\0\\0\\0\\0011' | sha256sum", "r");

	(void)state;
	assert_non_null(in);
	assert_non_null(fgets(wanted, sizeof(wanted), in));
	assert_int_equal(pclose(in), 0);
	entry_digest(one, 1, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(text, wanted);
}

static void what_is_not_named_goes(void **state)
{
	struct lab *lab = *state;
	struct entry plain;
	struct entry after;

	need_root();
	shell(lab, ">bare; chmod 640 bare; >dressed; setfattr -n user.x -v 1 dressed; setfattr -n trusted.x -v 1 "
	           "dressed; setfacl -m u:5:rwx dressed; setfattr -n user.aob.sha256 -v 1 dressed");
	read_entry(lab->from_fd, "bare", &lab->memory, &plain);
	assert_int_equal(entry_apply(lab->from_fd, "dressed", &plain, false, NULL), 0);
	read_entry(lab->from_fd, "dressed", &lab->other, &after);
	assert_same(&after, &plain);
	shell(lab, "getfattr -n user.aob.sha256 dressed >/dev/null"); /* our own is none of theirs */
}

static void our_own_attributes_are_left_out(void **state)
{
	struct lab *lab = *state;
	struct entry entry;

	shell(lab, ">own; setfattr -n user.aob.sha256 -v 1 own; setfattr -n user.aobx -v 1 own");
	read_entry(lab->from_fd, "own", &lab->memory, &entry);
	assert_int_equal(entry.n_xattrs, 1);
	assert_string_equal(entry.xattrs[0].name, "user.aobx");
}

static void no_symlink_is_followed(void **state)
{
	struct lab *lab = *state;
	struct entry file;
	struct entry victim;

	need_root();
	shell(lab, ">model; chown 12:34 model; chmod 777 model; touch -d @1 model; >victim; chmod 600 victim; ln -s "
	           "victim trap");
	read_entry(lab->from_fd, "model", &lab->memory, &file);
	(void)entry_apply(lab->from_fd, "trap", &file, false, NULL);
	read_entry(lab->from_fd, "victim", &lab->other, &victim);
	assert_int_equal(victim.uid, 0);
	assert_int_equal(victim.mode, 0600);
	assert_true(victim.mtime_s > 1000);
	file.type = ENTRY_FOLDER;
	assert_int_equal(entry_make(lab->from_fd, "trap", &file, false, NULL), -1); /* something is there */
}

static void what_is_not_there_is_told(void **state)
{
	struct lab *lab = *state;
	struct error err = { 0 };
	struct entry entry;

	assert_int_equal(entry_read(lab->from_fd, "gone", "x/gone", false, &lab->memory, &entry, &err), -1);
	assert_int_equal(err.class, ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "\"x/gone\""));
	entry.path = "x/gone";
	assert_int_equal(entry_apply(lab->from_fd, "gone", &entry, false, &err), -1);
	assert_int_equal(err.class, ERR_NOT_FOUND);
	entry.type = ENTRY_FILE;
	assert_int_equal(entry_make(lab->from_fd, "gone", &entry, false, &err), -1);
	assert_int_equal(err.class, ERR_INTERNAL);
}

/* What an unprivileged process may not set it keeps, and gives back. */
static void without_root_everything_is_kept_in_attributes(void **state)
{
	struct lab *lab = *state;
	struct error err = { 0 };

	need_root();
	assert_int_equal(fchown(lab->to_fd, NOBODY, NOBODY), 0);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct entry from;
		struct entry to;

		shell(lab, kinds[i].script);
		read_entry(lab->from_fd, kinds[i].name, &lab->memory, &from);
		if (from.type == ENTRY_SYMLINK)
			continue; /* it can have neither owner nor attributes then */
		assert_int_equal(seteuid(NOBODY), 0);
		if (from.type == ENTRY_FILE)
			touch(lab->to_fd, kinds[i].name);
		else if (entry_make(lab->to_fd, kinds[i].name, &from, true, &err) != 0)
			fail_msg("%s", err.text);
		if (entry_apply(lab->to_fd, kinds[i].name, &from, true, &err) != 0)
			fail_msg("%s", err.text);
		read_entry(lab->to_fd, kinds[i].name, &lab->other, &to);
		assert_int_equal(seteuid(0), 0);
		assert_same(&to, &from);
	}
}

static int back_to_root(void **state)
{
	return getuid() == 0 ? seteuid(0) + remove_lab(state) : remove_lab(state);
}

/* In a child: a file system that has neither owners, rights nor attributes. returns: 0; else what was wrong. */
static int apply_where_nothing_is_held(int fd)
{
	static const struct entry_xattr xattrs[] = { { "system.posix_acl_access", "", 0 }, { "user.u", "u", 1 } };
	const struct entry entry = { .path = "f",
		                     .target = "",
		                     .type = ENTRY_FILE,
		                     .mode = 0640,
		                     .uid = geteuid() + 1,
		                     .gid = getegid(),
		                     .mtime_s = 1000000000,
		                     .xattrs = xattrs,
		                     .n_xattrs = 2 };
	unsigned lost = 0;

	if (!hidden_call(SYS_fchownat, EPERM))
		return 77;
	if (!hidden_call(SYS_setxattr, EOPNOTSUPP) || !hidden_call(SYS_chmod, EPERM))
		return 1;
	if (entry_apply(fd, "f", &entry, false, NULL) == 0)
		return 2;
	if (entry_apply_kept(fd, "f", &entry, &lost, NULL) != 0)
		return 3;
	if (lost != (ENTRY_LOST_OWNER | ENTRY_LOST_MODE | ENTRY_LOST_XATTRS | ENTRY_LOST_ACL))
		return 4;
	if (!hidden_call(SYS_utimensat, EINVAL) || entry_apply_kept(fd, "f", &entry, &lost, NULL) != 0)
		return 5;
	/* It has the right one already. */
	return (lost & ENTRY_LOST_TIME) == 0 ? 0 : 6;
}

static void what_cannot_be_kept_is_told_and_the_rest_is_kept(void **state)
{
	struct lab *lab = *state;
	struct entry entry = { .path = "f", .target = "", .type = ENTRY_FILE, .mode = 0640 };
	struct stat st;
	unsigned lost = 1;
	pid_t pid;
	int status;

	touch(lab->to_fd, "f");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(apply_where_nothing_is_held(lab->to_fd));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(fstatat(lab->to_fd, "f", &st, 0), 0);
	assert_int_equal(st.st_mtime, 1000000000);
	entry.uid = geteuid();
	entry.gid = getegid();
	entry.mtime_s = -5;
	assert_int_equal(entry_apply_kept(lab->to_fd, "f", &entry, &lost, NULL), 0);
	assert_int_equal(lost, 0);
	assert_int_equal(entry_apply_kept(lab->to_fd, "none", &entry, &lost, NULL), -1);
}

static void damaged_fake_attributes_are_told(void **state)
{
	static const char *const wrong[] = { "", "x", "100644 0,0 0", "100644 0,0 0:0 ", "100644 0,0 0:0x" };
	struct lab *lab = *state;

	need_root();
	assert_int_equal(fchown(lab->to_fd, NOBODY, NOBODY), 0);
	assert_int_equal(seteuid(NOBODY), 0);
	touch(lab->to_fd, "f");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char path[128];
		struct error err = { 0 };
		struct entry entry;

		(void)snprintf(path, sizeof(path), "%s/to/f", lab->folder);
		assert_int_equal(setxattr(path, "user.rsync.%stat", wrong[i], strlen(wrong[i]), 0), 0);
		assert_int_equal(entry_read(lab->to_fd, "f", "f", false, &lab->memory, &entry, &err), -1);
		assert_int_equal(err.class, ERR_DAMAGED);
	}
}

/* For the whole process, and so in one of its own. */
static void symlinks_are_left_as_they_were_made(void **state)
{
	struct lab *lab = *state;
	const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct entry from;
	struct entry to;
	pid_t child;
	int status;

	assert_int_equal(symlinkat("nowhere", lab->from_fd, "link"), 0);
	assert_int_equal(utimensat(lab->from_fd, "link", times, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(entry_read(lab->from_fd, "link", "link", true, &lab->memory, &from, NULL), 0);
	assert_int_equal(entry_make(lab->to_fd, "link", &from, false, NULL), 0);
	child = fork();
	if (child == 0) {
		entry_leave_symlinks();
		_exit(entry_apply(lab->to_fd, "link", &from, false, NULL) == 0 &&
		                      entry_read(lab->to_fd, "link", "link", true, &lab->other, &to, NULL) == 0 &&
		                      (to.flags & ENTRY_OWNERLESS) != 0 && (to.flags & ENTRY_TIMELESS) != 0 &&
		                      to.mtime_s != 1000 && entry_same_metadata(&from, &to)
		              ? 0
		              : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	/* And as it is elsewhere. */
	assert_int_equal(entry_apply(lab->to_fd, "link", &from, geteuid() != 0, NULL), 0);
	assert_int_equal(entry_read(lab->to_fd, "link", "link", true, &lab->other, &to, NULL), 0);
	assert_int_equal(to.mtime_s, 1000);
	assert_int_equal(to.flags & ENTRY_TIMELESS, 0);
	/* An owner that could not be kept says nothing of the time. */
	to.flags |= ENTRY_OWNERLESS;
	assert_true(entry_same_metadata(&from, &to));
	to.mtime_s++;
	assert_false(entry_same_metadata(&from, &to));
}

static void one_name_is_doubted(void **state)
{
	struct lab *lab = *state;
	struct entry entry;
	struct stat st = { .st_mode = S_IFREG | 0600, .st_nlink = 1 };
	pid_t child;
	int status;

	assert_int_equal(symlinkat("nowhere", lab->from_fd, "link"), 0);
	assert_int_equal(entry_read(lab->from_fd, "link", "link", true, &lab->memory, &entry, NULL), 0);
	assert_int_equal(entry.links, 1);
	assert_int_equal(entry_names(&st), 1);
	child = fork();
	if (child == 0) {
		bool right;

		entry_doubt_links();
		right = entry_names(&st) == 2 &&
		        entry_read(lab->from_fd, "link", "link", true, &lab->memory, &entry, NULL) == 0 &&
		        entry.links == 2;
		st.st_nlink = 3;
		right = right && entry_names(&st) == 3;
		st = (struct stat){ .st_mode = S_IFDIR | 0700, .st_nlink = 1 };
		_exit(right && entry_names(&st) == 1 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_kind_is_the_same_at_the_other_place, make_lab, remove_lab),
		cmocka_unit_test_setup_teardown(what_is_read_is_what_was_made, make_lab, remove_lab),
		cmocka_unit_test_setup_teardown(symlinks_are_left_as_they_were_made, make_lab, remove_lab),
		cmocka_unit_test_setup_teardown(one_name_is_doubted, make_lab, remove_lab),
		cmocka_unit_test_setup_teardown(holes_are_seen, make_lab, remove_lab),
		cmocka_unit_test_setup_teardown(a_listing_has_the_digest_instead_of_the_values, make_lab, remove_lab),
		cmocka_unit_test(the_digest_is_the_documented_one),
		cmocka_unit_test_setup_teardown(what_is_not_named_goes, make_lab, remove_lab),
		cmocka_unit_test_setup_teardown(our_own_attributes_are_left_out, make_lab, remove_lab),
		cmocka_unit_test_setup_teardown(no_symlink_is_followed, make_lab, remove_lab),
		cmocka_unit_test_setup_teardown(what_is_not_there_is_told, make_lab, remove_lab),
		cmocka_unit_test_setup_teardown(without_root_everything_is_kept_in_attributes, make_lab, back_to_root),
		cmocka_unit_test_setup_teardown(what_cannot_be_kept_is_told_and_the_rest_is_kept, make_lab, remove_lab),
		cmocka_unit_test_setup_teardown(damaged_fake_attributes_are_told, make_lab, back_to_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
