/* Whatever comes as a file's content: deltas (as librsync applies them), new bytes and holes in any order and pieces; never more than was announced, and in
 * the tree only if its hash is right. First byte: what the basis is; then rows of [kind][length, 2 bytes][bytes]. */
#include "tests/fuzz/playground.h"

#include "lib/log.h"
#include "receiver/file_sink.h"
#include "wire/entry_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ANNOUNCED 4096

static void begin_file(struct file_sink *sink, uint8_t from, uint8_t flags, struct error *err)
{
	struct entry entry = { .path = "file",
		               .type = ENTRY_FILE,
		               .target = "",
		               .mode = 0640,
		               .size_bytes = ANNOUNCED,
		               .flags = flags & ENTRY_SPARSE };
	struct encoder e;

	encoder_init(&e);
	put_u8(&e, from);
	put_u64(&e, 0);
	put_entry(&e, &entry);
	(void)file_sink_begin(sink, e.data, e.len_bytes, err);
	encoder_done(&e);
}

static void feed(struct file_sink *sink, const uint8_t *data, size_t size, struct error *err)
{
	static const uint8_t hash[32];
	int rc = 0;

	while (rc == 0 && size >= 3) {
		size_t n = (size_t)data[1] << 8 | data[2];
		const uint8_t *bytes = data + 3;

		n = n < size - 3 ? n : size - 3;
		rc = data[0] % 4 == 0   ? file_sink_data(sink, bytes, n, err)
		     : data[0] % 4 == 1 ? file_sink_hole(sink, bytes, n, NULL, err)
		                        : file_sink_delta(sink, bytes, n, err);
		data = bytes + n;
		size -= 3 + n;
	}
	/* Nobody finds content of this hash. */
	if (rc == 0)
		playground_want(file_sink_finish(sink, hash, err) != 0);
}

static struct incoming *begin_run(struct vault *vault, struct record *wanted, struct error *err)
{
	static struct ticker mute;
	struct incoming *incoming;
	enum incoming_how how;

	(void)snprintf(wanted->run, sizeof(wanted->run), "run-1");
	(void)snprintf(wanted->state, sizeof(wanted->state), "quiet");
	wanted->taken_at_s = 1763876160;
	playground_want(incoming_begin(vault, wanted, -1, &mute, &incoming, &how, err) == 0);
	playground_want(incoming_build(incoming, &mute, err) == 0);
	return incoming;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct record wanted;
	char root[400];
	struct vault_options options = { .root = root, .strategy = STRATEGY_HARDLINK };
	struct error err = { .class = ERR_NONE };
	struct vault *vault;
	struct incoming *incoming;
	struct file_sink *sink;
	struct stat st;

	if (size == 0)
		return 0;
	playground_vault();
	(void)snprintf(root, sizeof(root), "%s/root", playground_path);
	log_open("fuzz", NULL);
	playground_want(vault_open(&options, "p", true, &vault, &err) == 0);
	incoming = begin_run(vault, &wanted, &err);
	playground_want(file_sink_new(incoming, &sink, &err) == 0);
	begin_file(sink, data[0] % 3, data[0] / 3, &err);
	feed(sink, data + 1, size - 1, &err);
	file_sink_destroy(&sink);
	playground_want(fstatat(incoming->tree_fd, "file", &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	                st.st_size == (off_t)strlen(PLAYGROUND_OLD));
	incoming_end(&incoming);
	vault_close(&vault);
	playground_holds("root/p/generations/" PLAYGROUND_GENERATION "/file", 0);
	return 0;
}
