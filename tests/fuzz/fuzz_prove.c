/* Whatever a vault says while its tree is compared with the snapshot by their root hashes: what this machine knows of the snapshot stays what it is, and only an honest answer proves anything.
 * First byte: odd: the ledger is of no snapshot. */
#include <sys/socket.h>

#include "tests/fuzz/playground.h"

#include "lib/log.h"
#include "transfer/prove.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MOST 65536 /* fits into a socket */
#define HEADER_BYTES 5

static int busy(void *context, uint64_t bytes, struct error *err)
{
	(void)context, (void)bytes, (void)err;
	return 0;
}

/* Compares, with a vault that says this and goes. out: root. returns as prove_tree */
static int compare(struct prove *prove, const uint8_t *says, size_t size, struct error *err)
{
	struct sender sender;
	struct meter meter;
	struct prove_input in = { .sender = &sender, .snapshot = "uuid", .view = "", .base = "", .base_view = "" };
	char path[400];
	int rc = -1;
	int ends[2];

	sender_init(&sender);
	meter_init(&meter, NULL);
	sender.meter = &meter;
	(void)snprintf(path, sizeof(path), "%s/tree", playground_path);
	in.source.folder_fd = sender.folder_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	in.source.busy = busy;
	playground_want(sender.folder_fd >= 0 && inside_new(sender.folder_fd, &in.source.tree, err) == 0);
	playground_want(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	playground_want(size == 0 || write(ends[1], says, size) == (ssize_t)size);
	(void)shutdown(ends[1], SHUT_WR);
	if (wire_new(ends[0], ends[0], 'C', NULL, &sender.wire, err) == 0)
		rc = prove_tree(prove, &in, err);
	wire_destroy(&sender.wire);
	(void)close(ends[0]);
	(void)close(ends[1]);
	inside_destroy(&in.source.tree);
	(void)close(sender.folder_fd);
	sender_done(&sender);
	return rc;
}

static void honest(const char *state, char root[TREE_DIGEST_TEXT])
{
	/* ROOT_SEEN: the same; its own root; none was read */
	static const uint8_t seen[HEADER_BYTES + 1 + TREE_DIGEST_BYTES + 8] = { 0, 0, 0, 41, 91, 1 };
	struct error err = { .class = ERR_NONE };
	struct prove prove;

	prove_open(&prove, state, "p", "vault");
	playground_want(prove.ledger != NULL && compare(&prove, seen, sizeof(seen), &err) == 0);
	(void)snprintf(root, TREE_DIGEST_TEXT, "%s", prove.root);
	prove_close(&prove);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = { .class = ERR_NONE };
	char before[TREE_DIGEST_TEXT];
	char after[TREE_DIGEST_TEXT];
	struct prove prove;
	char state[400];

	if (size == 0 || size > INPUT_MOST)
		return 0;
	(void)playground_begin();
	playground_folder("tree");
	playground_folder("tree/a");
	playground_folder("tree/a/b");
	playground_text("tree/a/b/deep", PLAYGROUND_OLD);
	playground_text("tree/file", PLAYGROUND_OLD);
	(void)snprintf(state, sizeof(state), "%s/state.db", playground_path);
	log_open("fuzz", NULL);
	honest(state, before);
	prove_open(&prove, state, "p", "vault");
	playground_want(prove.ledger != NULL);
	/* It is of that snapshot already; or of none, and the tree is gone through. */
	if (data[0] % 2 == 1)
		playground_want(ledger_tells_of(prove.ledger, "", "", &err) == 0 &&
		                ledger_commit(prove.ledger, &err) == 0);
	if (compare(&prove, data + 1, size - 1, &err) == 0)
		playground_want(strcmp(prove.root, before) == 0);
	prove_close(&prove);
	honest(state, after);
	playground_want(strcmp(before, after) == 0);
	return 0;
}
