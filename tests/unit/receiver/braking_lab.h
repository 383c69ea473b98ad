/* braking_lab: runs that change an incoming tree by what a client may ask for. */
#ifndef AOB_TEST_BRAKING_LAB_H
#define AOB_TEST_BRAKING_LAB_H

#include "lib/brake_percent.h"
#include "lib/sha256.h"
#include "receiver/apply.h"
#include "receiver/brake_mark.h"
#include "receiver/hash_tag.h"
#include "tests/unit/receiver/vault_lab.h"

static inline struct incoming *braking_lab_begin(struct vault_lab *lab, const char *run)
{
	enum incoming_how how;
	struct incoming *incoming = vault_lab_begin(lab, run, &how);

	incoming->brake_percent = BRAKE_PERCENT_DEFAULT;
	return incoming;
}

/* A file of so many bytes, which seed makes differ from others; kept_bytes: as file_sink would tell. */
static inline void braking_lab_file(struct vault_lab *lab, struct incoming *incoming, const char *path,
                                    size_t len_bytes, unsigned seed, uint64_t kept_bytes)
{
	uint8_t sha256[SHA256_BYTES];
	struct stat now = { .st_mode = S_IFREG, .st_size = (off_t)len_bytes };
	char *content = malloc(len_bytes + 1);
	int fd = openat(incoming->parts_fd, "part", O_RDWR | O_CREAT | O_EXCL, 0644);

	assert_true(fd >= 0 && content != NULL);
	for (size_t i = 0; i < len_bytes; i++)
		content[i] = (char)(seed + i);
	if (len_bytes >= sizeof(seed))
		memcpy(content, &seed, sizeof(seed));
	assert_int_equal(write(fd, content, len_bytes), (ssize_t)len_bytes);
	sha256_of(content, len_bytes, sha256);
	assert_int_equal(hash_tag_set(fd, sha256, NULL), 0);
	assert_int_equal(close(fd), 0);
	free(content);
	if (apply_put(incoming, "part", path, &now, kept_bytes, &lab->err) != 0)
		fail_msg("%s", lab->err.text);
}

static inline void braking_lab_folder(struct vault_lab *lab, struct incoming *incoming, const char *path)
{
	struct entry entry = { .path = path, .type = ENTRY_FOLDER, .mode = 0755, .target = "" };

	if (apply_make(incoming, &entry, &lab->err) != 0)
		fail_msg("%s", lab->err.text);
}

static inline void braking_lab_remove(struct vault_lab *lab, struct incoming *incoming, const char *path)
{
	if (apply_remove(incoming, path, &lab->err) != 0)
		fail_msg("%s", lab->err.text);
}

/* n files of 1000 bytes, 0 … n - 1, in the root. */
static inline void braking_lab_fill(struct vault_lab *lab, struct incoming *incoming, unsigned n)
{
	char path[32];

	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%u", i);
		braking_lab_file(lab, incoming, path, 1000, i, 0);
	}
}

/* Publishes it, and gives its record. */
static inline struct record braking_lab_publish(struct vault_lab *lab, struct incoming *incoming)
{
	struct record record;

	if (publish_commit(incoming, &lab->ticker, &lab->err) != 0)
		fail_msg("%s", lab->err.text);
	assert_int_equal(record_read(lab->vault, incoming->record.name, &record, &lab->err), 0);
	incoming_end(&incoming);
	return record;
}

static inline struct brake_mark braking_lab_mark(struct vault_lab *lab)
{
	struct brake_mark mark;

	if (brake_mark_read(lab->vault, &mark, &lab->err) != 0)
		fail_msg("%s", lab->err.text);
	return mark;
}

#endif
