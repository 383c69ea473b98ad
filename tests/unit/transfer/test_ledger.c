/* A ledger comes to the same root by going through the tree as by the changes alone; what it knows is not read again; what is lost or cut off is made anew. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/scratch.h"
#include "transfer/ledger_walk.h"

struct lab {
	char folder[64];
	char ledgers[96];
	int fd;
	struct inside *tree;
	struct ledger *ledger;
	struct ledger_source source;
	struct plan *plan;
};

static int busy(void *context, uint64_t bytes, struct error *err)
{
	(void)context, (void)bytes, (void)err;
	return 0;
}

static void shell(const struct lab *lab, const char *script)
{
	char command[2000];

	(void)snprintf(command, sizeof(command), "cd %s/tree && { %s; }", lab->folder, script);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	if (system(command) != 0)
		fail_msg("%s", command);
}

static void open_ledger(struct lab *lab, const char *vault)
{
	struct error err = { .class = ERR_NONE };

	ledger_close(&lab->ledger);
	if (ledger_open(lab->ledgers, "p", vault, &lab->ledger, &err) != 0)
		fail_msg("%s", err.text);
	ledger_aim(lab->ledger, "snapshot", time(NULL) + 1000);
}

static int make_lab(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	char path[96];

	*state = lab;
	if (scratch_make(lab->folder, sizeof(lab->folder), "ledger") != 0)
		return -1;
	(void)snprintf(lab->ledgers, sizeof(lab->ledgers), "%s/ledgers", lab->folder);
	(void)snprintf(path, sizeof(path), "mkdir %s/tree", lab->folder);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	if (system(path) != 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/tree", lab->folder);
	lab->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lab->fd < 0 || inside_new(lab->fd, &lab->tree, NULL) != 0)
		return -1;
	lab->source = (struct ledger_source){ .tree = lab->tree, .folder_fd = lab->fd, .busy = busy };
	open_ledger(lab, "one");
	shell(lab, "mkdir -p a/b c/d big && echo 1 >a/b/f && echo 2 >a/g && ln a/g a/h && ln -s x c/l && mkfifo c/d/p "
	           "&& for i in "
	           "$(seq 300); do echo $i >big/$i; done");
	return 0;
}

static int remove_lab(void **state)
{
	struct lab *lab = *state;

	plan_destroy(&lab->plan);
	ledger_close(&lab->ledger);
	inside_destroy(&lab->tree);
	(void)close(lab->fd);
	(void)scratch_remove(lab->folder);
	free(lab);
	return 0;
}

/* Goes through the tree; root is what the ledger comes to. returns: bytes that were read */
static uint64_t walk(struct lab *lab, uint8_t root[TREE_DIGEST_BYTES])
{
	struct error err = { .class = ERR_NONE };

	lab->source.read_bytes = 0;
	inside_forget(lab->tree);
	if (ledger_walk(lab->ledger, &lab->source, &err) != 0 || ledger_root(lab->ledger, root, &err) != 0 ||
	    ledger_tells_of(lab->ledger, "uuid", "view", &err) != 0 || ledger_commit(lab->ledger, &err) != 0)
		fail_msg("%s", err.text);
	return lab->source.read_bytes;
}

/* The same in another ledger, which knows nothing. */
static void walk_anew(struct lab *lab, uint8_t root[TREE_DIGEST_BYTES])
{
	static unsigned n;
	char vault[32];

	(void)snprintf(vault, sizeof(vault), "other%u", n++);
	open_ledger(lab, vault);
	(void)walk(lab, root);
	open_ledger(lab, "one");
}

static void plan(struct lab *lab, enum plan_list list, enum plan_op op, const char *path, const char *existing)
{
	struct plan_item item = { .op = op, .path = path, .existing = existing };

	if (lab->plan == NULL)
		assert_int_equal(plan_new(&lab->plan, NULL), 0);
	assert_int_equal(plan_add(lab->plan, list, &item, NULL), 0);
}

static void follow(struct lab *lab, uint8_t root[TREE_DIGEST_BYTES])
{
	struct error err = { .class = ERR_NONE };

	lab->source.read_bytes = 0;
	inside_forget(lab->tree);
	if (ledger_plan(lab->ledger, &lab->source, lab->plan, &err) != 0 || ledger_root(lab->ledger, root, &err) != 0 ||
	    ledger_commit(lab->ledger, &err) != 0)
		fail_msg("%s", err.text);
}

static void what_is_known_is_not_read_again(void **state)
{
	struct lab *lab = *state;
	uint8_t first[TREE_DIGEST_BYTES];
	uint8_t again[TREE_DIGEST_BYTES];

	assert_int_equal(walk(lab, first), 2 + 2 + 9 * 2 + 90 * 3 + 201 * 4);
	open_ledger(lab, "one");
	assert_true(ledger_is_of(lab->ledger, "uuid", "view"));
	assert_false(ledger_is_of(lab->ledger, "uuid", "another"));
	assert_int_equal(walk(lab, again), 0);
	assert_memory_equal(first, again, sizeof(first));
	/* Also where it has another name now. */
	shell(lab, "mv big large && mv a/b/f c/f && rm a/h && echo more >>large/7");
	assert_int_equal(walk(lab, again),
	                 7 + 2 + 2); /* a/g has lost a name, and a/b/f got another one: that moves the time of change */
	walk_anew(lab, first);
	assert_memory_equal(first, again, sizeof(first));
}

static void by_the_changes_alone(void **state)
{
	struct lab *lab = *state;
	uint8_t anew[TREE_DIGEST_BYTES];
	uint8_t root[TREE_DIGEST_BYTES];

	(void)walk(lab, root);
	shell(lab, "rm big/3 && echo x >big/4 && chmod 600 big/5 && echo new >big/new && ln -s y big/l && mkdir n && "
	           "mv a n/a && mv c/d a && rm c/l "
	           "&& mkdir c/l && echo z >c/l/z && mv big/6 n/six");
	plan(lab, PLAN_MOVES, PLAN_REMOVE, "big/3", "");
	plan(lab, PLAN_MOVES, PLAN_MOVE, "big/6", "n/six");
	plan(lab, PLAN_MOVES, PLAN_MOVE, "c/d", "a");
	plan(lab, PLAN_MOVES, PLAN_REMOVE, "c/l", "");
	plan(lab, PLAN_MOVES, PLAN_MOVE, "a", "n/a");
	plan(lab, PLAN_EARLY, PLAN_MAKE, "c/l", "");
	plan(lab, PLAN_EARLY, PLAN_MAKE, "n", "");
	plan(lab, PLAN_FILES, PLAN_FILE, "big/4", "");
	plan(lab, PLAN_FILES, PLAN_FILE, "big/new", "");
	plan(lab, PLAN_FILES, PLAN_FILE, "c/l/z", "");
	plan(lab, PLAN_LATE, PLAN_MAKE, "big/l", "");
	plan(lab, PLAN_LATE, PLAN_META, "big/5", "");
	plan(lab, PLAN_LATE, PLAN_META, "n/six", "");
	plan(lab, PLAN_FOLDERS, PLAN_META, "big", "");
	plan(lab, PLAN_FOLDERS, PLAN_META, "c/l", "");
	plan(lab, PLAN_FOLDERS, PLAN_META, "c", "");
	plan(lab, PLAN_FOLDERS, PLAN_META, "n", "");
	plan(lab, PLAN_FOLDERS, PLAN_META, "", "");
	follow(lab, root);
	assert_int_equal(lab->source.read_bytes, 2 + 4 + 2);
	walk_anew(lab, anew);
	assert_memory_equal(root, anew, sizeof(root));
}

static void a_plan_of_another_tree_is_seen(void **state)
{
	struct lab *lab = *state;
	struct error err = { .class = ERR_NONE };
	uint8_t root[TREE_DIGEST_BYTES];
	uint8_t again[TREE_DIGEST_BYTES];

	(void)walk(lab, root);
	plan(lab, PLAN_MOVES, PLAN_REMOVE, "a/g", "");
	plan(lab, PLAN_MOVES, PLAN_REMOVE, "nothing/there", "");
	assert_int_equal(ledger_plan(lab->ledger, &lab->source, lab->plan, &err), -1);
	assert_int_equal(err.class, ERR_DAMAGED);
	ledger_undo(lab->ledger);
	assert_true(ledger_is_of(lab->ledger, "uuid", "view"));
	assert_int_equal(ledger_root(lab->ledger, again, NULL), 0);
	assert_memory_equal(root, again, sizeof(root));
}

static void what_was_just_sent_is_not_read(void **state)
{
	struct lab *lab = *state;
	const uint8_t sha256[TREE_DIGEST_BYTES] = { 9 };
	struct entry_memory memory;
	uint8_t root[TREE_DIGEST_BYTES];
	uint8_t known[TREE_DIGEST_BYTES];
	struct entry entry;
	const char *leaf;
	int parent_fd;

	entry_memory_init(&memory);
	assert_int_equal(inside_parent(lab->tree, "big/300", &parent_fd, &leaf, NULL), 0);
	assert_int_equal(entry_read(parent_fd, leaf, "big/300", true, &memory, &entry, NULL), 0);
	assert_int_equal(ledger_sent(lab->ledger, &entry, sha256, NULL), 0);
	assert_int_equal(ledger_commit(lab->ledger, NULL), 0);
	assert_int_equal(walk(lab, root), 2 + 2 + 9 * 2 + 90 * 3 + 200 * 4);
	assert_int_equal(ledger_hash_of(lab->ledger, &entry, known, NULL), 1);
	assert_memory_equal(known, sha256, sizeof(known));
	/* Too near to the snapshot: true of this one, of no other. */
	open_ledger(lab, "near");
	ledger_aim(lab->ledger, "snapshot", time(NULL));
	assert_int_equal(ledger_sent(lab->ledger, &entry, sha256, NULL), 0);
	assert_int_equal(ledger_hash_of(lab->ledger, &entry, known, NULL), 1);
	ledger_aim(lab->ledger, "another", time(NULL) + 1000);
	assert_int_equal(ledger_hash_of(lab->ledger, &entry, known, NULL), 0);
	entry_memory_done(&memory);
}

static void a_damaged_one_is_begun_anew(void **state)
{
	struct lab *lab = *state;
	uint8_t root[TREE_DIGEST_BYTES];
	uint8_t again[TREE_DIGEST_BYTES];
	struct error err = { .class = ERR_NONE };

	(void)walk(lab, root);
	ledger_close(&lab->ledger);
	shell(lab, "printf rubbish | dd of=../ledgers/p.one.db conv=notrunc status=none");
	open_ledger(lab, "one");
	assert_false(ledger_is_of(lab->ledger, "uuid", "view"));
	assert_int_equal(ledger_root(lab->ledger, again, &err), -1);
	assert_true(walk(lab, again) > 0);
	assert_memory_equal(root, again, sizeof(root));
	ledger_close(&lab->ledger);
	assert_int_equal(ledger_open("/nowhere/at/all", "p", "v", &lab->ledger, &err), -1);
	assert_int_equal(ledger_open(lab->ledgers, "p", "../v", &lab->ledger, &err), -1);
	assert_null(lab->ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_known_is_not_read_again, make_lab, remove_lab),
		cmocka_unit_test_setup_teardown(by_the_changes_alone, make_lab, remove_lab),
		cmocka_unit_test_setup_teardown(a_plan_of_another_tree_is_seen, make_lab, remove_lab),
		cmocka_unit_test_setup_teardown(what_was_just_sent_is_not_read, make_lab, remove_lab),
		cmocka_unit_test_setup_teardown(a_damaged_one_is_begun_anew, make_lab, remove_lab),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
