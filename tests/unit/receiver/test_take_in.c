/* A tree on a disk becomes an incoming tree: whole, by parts, beside one that is there; what is not what it was is named and left out. */
#include "tests/unit/receiver/vault_lab.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "receiver/hash_tag.h"
#include "receiver/take_in.h"

struct take_lab {
	struct vault_lab *vault;
	struct incoming *incoming;
	struct take_in take;
	struct progress_bar bar;
	char names[8192];
};

static void begin(struct take_lab *lab, void **state, const char *run)
{
	enum incoming_how how;
	bool made;

	*lab = (struct take_lab){ .vault = *state };
	made = mkdirat(lab->vault->vault->folder_fd, "tree", 0755) == 0;
	lab->take.from_fd = openat(lab->vault->vault->folder_fd, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(lab->take.from_fd >= 0);
	lab->incoming = vault_lab_begin_from(lab->vault, run, lab->take.from_fd, &how);
	assert_int_equal(how, made ? INCOMING_FRESH : INCOMING_RESUMED);
	progress_begin(&lab->bar, "");
	lab->take.bar = &lab->bar;
}

static void end(struct take_lab *lab)
{
	(void)close(lab->take.from_fd);
	incoming_end(&lab->incoming);
}

static int take(struct take_lab *lab)
{
	int rc;

	memset(lab->names, 0, sizeof(lab->names));
	lab->take.names = fmemopen(lab->names, sizeof(lab->names), "w");
	assert_non_null(lab->take.names);
	rc = take_in_run(&lab->take, lab->incoming, &lab->vault->err);
	assert_int_equal(fclose(lab->take.names), 0);
	return rc;
}

static const char *taken(const struct take_lab *lab, const char *path)
{
	char full[256];

	(void)snprintf(full, sizeof(full), ".aob/incoming/%s/tree/%s", lab->incoming->record.run, path);
	return vault_lab_read(lab->vault, full);
}

static void fill(const struct take_lab *lab)
{
	int folder_fd = lab->vault->vault->folder_fd;

	assert_int_equal(mkdirat(folder_fd, "tree/a", 0700), 0);
	vault_lab_write(lab->vault, "tree/a/file", "content");
	vault_lab_write(lab->vault, "tree/b", "b");
	assert_int_equal(linkat(folder_fd, "tree/a/file", folder_fd, "tree/c", 0), 0);
	assert_int_equal(symlinkat("../../etc", folder_fd, "tree/way"), 0);
}

static void all_is_taken_and_the_next_attempt_passes_over_it(void **state)
{
	struct take_lab lab;
	struct stat a;
	struct stat c;

	begin(&lab, state, "run-1");
	fill(&lab);
	assert_int_equal(take(&lab), 0);
	assert_int_equal(lab.take.files, 3);
	assert_int_equal(lab.take.bytes, 8);
	assert_int_equal(lab.take.there_files, 0);
	assert_string_equal(lab.names, "");
	assert_string_equal(taken(&lab, "a/file"), "content");
	assert_int_equal(fstatat(lab.incoming->tree_fd, "a/file", &a, 0), 0);
	assert_int_equal(fstatat(lab.incoming->tree_fd, "c", &c, 0), 0);
	assert_int_equal(a.st_ino, c.st_ino);
	end(&lab);

	begin(&lab, state, "run-1");
	vault_lab_write(lab.vault, "tree/b", "other");
	assert_int_equal(take(&lab), 0);
	assert_int_equal(lab.take.there_files, 1);
	assert_string_equal(taken(&lab, "b"), "other");
	end(&lab);
}

static void give_hash(const struct take_lab *lab, const char *path, const char *hex)
{
	uint8_t sha256[HASH_TAG_BYTES];
	int fd = openat(lab->vault->vault->folder_fd, path, O_RDONLY | O_CLOEXEC);

	for (size_t i = 0; i < sizeof(sha256); i++)
		assert_int_equal(sscanf(hex + 2 * i, "%2hhx", &sha256[i]), 1); /* NOLINT(cert-err34-c) */
	assert_int_equal(hash_tag_set(fd, sha256, NULL), 0);
	assert_int_equal(close(fd), 0);
}

#define SHA_OF_B "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"

static void a_generation_is_held_against_its_hashes_and_what_it_lacks_goes(void **state)
{
	struct take_lab lab;

	begin(&lab, state, "run-1");
	fill(&lab);
	vault_lab_write(lab.vault, ".aob/incoming/run-1/tree/extra", "of another run");
	lab.take.recorded = true;
	lab.take.files_most = 10;
	give_hash(&lab, "tree/b", SHA_OF_B);
	give_hash(&lab, "tree/a/file", SHA_OF_B);
	assert_int_equal(take(&lab), 0);
	assert_string_equal(taken(&lab, "b"), "b");
	assert_null(taken(&lab, "extra"));
	assert_null(taken(&lab, "a/file"));
	assert_int_equal(lab.take.damaged, 2); /* by both of its names */
	assert_non_null(strstr(lab.names, "a/file: its content is not what its recorded hash says\n"));
	assert_non_null(strstr(lab.names, "c: its content"));
	end(&lab);
}

static void what_nobody_keeps_is_named(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct take_lab lab;
	char path[PATH_MAX];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	begin(&lab, state, "run-1");
	(void)snprintf(path, sizeof(path), "%s/photos/tree/so\x1b", lab.vault->root);
	assert_true(strlen(path) < sizeof(at.sun_path));
	memcpy(at.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(take(&lab), 0);
	assert_string_equal(lab.names, "so\\x1b: a socket, which no backup keeps\n");
	assert_int_equal(lab.take.sockets, 1);
	(void)close(fd);
	end(&lab);
}

static void files_are_moved_where_blocks_cannot_be_shared(void **state)
{
	struct take_lab lab;
	struct stat before;
	struct stat now;

	begin(&lab, state, "run-1");
	fill(&lab);
	lab.take.move = true;
	assert_int_equal(fstatat(lab.take.from_fd, "b", &before, 0), 0);
	assert_int_equal(take(&lab), 0);
	assert_int_equal(fstatat(lab.incoming->tree_fd, "b", &now, 0), 0);
	if (lab.take.shared_bytes == 0) {
		assert_int_equal(now.st_ino, before.st_ino);
		assert_int_equal(fstatat(lab.take.from_fd, "b", &now, 0), -1);
	}
	/* What has two names stays: somebody else may use the other one. */
	assert_int_equal(fstatat(lab.take.from_fd, "a/file", &now, 0), 0);
	end(&lab);
	/* What was moved is not missed by the next attempt. */
	begin(&lab, state, "run-1");
	assert_int_equal(take(&lab), 0);
	assert_string_equal(taken(&lab, "b"), "b");
	end(&lab);
}

#define NOBODY 65534

/* What has no hash would be taken for torn after a restart, and removed: by then it is nowhere else. */
static void what_cannot_be_given_its_hash_is_copied(void **state)
{
	struct take_lab lab;
	struct stat st;
	char command[PATH_MAX];
	bool root = geteuid() == 0;
	uint8_t sha256[HASH_TAG_BYTES];
	int fd;

	begin(&lab, state, "run-1");
	fill(&lab);
	assert_int_equal(fchmodat(lab.take.from_fd, "b", 0444, 0), 0);
	vault_lab_write(lab.vault, "tree/a/alone", "alone");
	assert_int_equal(fchmodat(lab.take.from_fd, "a", 0555, 0),
	                 0); /* out of it nothing can be taken, and it is made before what is in it */
	lab.vault->vault->fake_super = root;
	(void)snprintf(command, sizeof(command), "chown -R -h %d:%d '%s'", NOBODY, NOBODY, lab.vault->root);
	if (root)
		assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a test's own words */
	lab.take.move = true;
	assert_true(!root || (setegid(NOBODY) == 0 && seteuid(NOBODY) == 0));
	assert_int_equal(take(&lab), 0);
	assert_true(!root || (seteuid(0) == 0 && setegid(0) == 0));
	assert_int_equal(fstatat(lab.take.from_fd, "b", &st, 0), 0);
	assert_int_equal(fstatat(lab.take.from_fd, "a/alone", &st, 0), 0);
	assert_string_equal(taken(&lab, "b"), "b");
	assert_string_equal(taken(&lab, "a/alone"), "alone");
	fd = openat(lab.incoming->tree_fd, "b", O_RDONLY | O_CLOEXEC);
	assert_true(hash_tag_get(fd, sha256));
	assert_int_equal(close(fd), 0);
	end(&lab);
}

/* A source may hold the trees of an rsync --fake-super itself: what root wrote down of it is not what it stands for, whoever takes it in. */
static void what_root_wrote_is_taken_as_it_is(void **state)
{
	static const char text[] = "100600 0,0 7:8";
	struct take_lab lab;
	char command[PATH_MAX];
	char value[64] = "";
	struct stat st;
	int fd;

	if (geteuid() != 0)
		skip();
	begin(&lab, state, "run-1");
	fill(&lab);
	give_hash(&lab, "tree/b", SHA_OF_B);
	lab.take.recorded = true;
	lab.take.files_most = 10;
	fd = openat(lab.take.from_fd, "b", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fsetxattr(fd, "user.rsync.%stat", text, strlen(text), 0), 0);
	assert_int_equal(fchmod(fd, 0640), 0);
	assert_int_equal(close(fd), 0);
	(void)snprintf(command, sizeof(command), "chown -R -h %d:%d '%s'", NOBODY, NOBODY, lab.vault->root);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a test's own words */
	lab.vault->vault->fake_super = true;
	assert_true(setegid(NOBODY) == 0 && seteuid(NOBODY) == 0);
	assert_int_equal(take(&lab), 0);
	assert_true(seteuid(0) == 0 && setegid(0) == 0);
	fd = openat(lab.incoming->tree_fd, "b", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(fd, "user.rsync.user.rsync.%stat", value, sizeof(value) - 1), strlen(text));
	assert_string_equal(value, text);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(close(fd), 0);
	end(&lab);
}

/* A disk that means harm: what a file says of its size costs time, whatever is in it. */
static void sizes_without_end_are_no_work_without_end(void **state)
{
	struct take_lab lab;
	int fd;

	begin(&lab, state, "run-1");
	fd = openat(lab.take.from_fd, "hollow", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	if (ftruncate(fd, (off_t)1 << 60) != 0) {
		(void)close(fd);
		end(&lab);
		skip(); /* this file system does not know such sizes */
	}
	assert_int_equal(close(fd), 0);
	fd = openat(lab.take.from_fd, "more", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, INT64_MAX - 4096), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(take(&lab), 0);
	assert_int_equal(lab.take.damaged, 2);
	assert_non_null(strstr(lab.names, "hollow: it has holes of more than 64 TiB"));
	assert_non_null(strstr(lab.names, "more: with it, it would be more bytes than can be counted"));
	end(&lab);
}

static void more_files_than_the_record_tells_of_are_not_gone_through(void **state)
{
	struct take_lab lab;

	begin(&lab, state, "run-1");
	fill(&lab);
	lab.take.recorded = true;
	lab.take.files_most = 0;
	assert_int_equal(take(&lab), -1);
	assert_int_equal(lab.vault->err.class, ERR_DAMAGED);
	end(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_is_taken_and_the_next_attempt_passes_over_it, vault_lab_open,
		                                vault_lab_close),
		cmocka_unit_test_setup_teardown(a_generation_is_held_against_its_hashes_and_what_it_lacks_goes,
		                                vault_lab_open, vault_lab_close),
		cmocka_unit_test_setup_teardown(what_nobody_keeps_is_named, vault_lab_open, vault_lab_close),
		cmocka_unit_test_setup_teardown(files_are_moved_where_blocks_cannot_be_shared, vault_lab_open,
		                                vault_lab_close),
		cmocka_unit_test_setup_teardown(what_cannot_be_given_its_hash_is_copied, vault_lab_open,
		                                vault_lab_close),
		cmocka_unit_test_setup_teardown(sizes_without_end_are_no_work_without_end, vault_lab_open,
		                                vault_lab_close),
		cmocka_unit_test_setup_teardown(more_files_than_the_record_tells_of_are_not_gone_through,
		                                vault_lab_open, vault_lab_close),
		cmocka_unit_test_setup_teardown(what_root_wrote_is_taken_as_it_is, vault_lab_open, vault_lab_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
