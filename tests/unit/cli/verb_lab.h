/* verb_lab: a verb of aob in a process of its own, against a scripted broker: its questions, output and exit status. */
#ifndef AOB_TEST_VERB_LAB_H
#define AOB_TEST_VERB_LAB_H

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/lib/peer.h"

#define VERB_WORDS 8
#define VERB_SELF "--verb" /* test_x --verb CONFIG VERB WORDS…: this executable does the verb; see verb_lab_self */

struct verb {
	const char *name;
	int (*run)(int argc, char **argv, const char *config_path);
};

struct verb_lab {
	struct peer peer;
	char config[256], out_path[256], err_path[256];
	pid_t pid;
	char asked[1024]; /* the last question */
	char out[16384], err[16384];
	int status;
};

static inline void verb_lab_open(struct verb_lab *lab)
{
	FILE *file;

	memset(lab, 0, sizeof(*lab));
	peer_open(&lab->peer);
	assert_int_equal(chmod(lab->peer.folder, 0750), 0);
	(void)snprintf(lab->config, sizeof(lab->config), "%s/c.yaml", lab->peer.folder);
	(void)snprintf(lab->out_path, sizeof(lab->out_path), "%s/out", lab->peer.folder);
	(void)snprintf(lab->err_path, sizeof(lab->err_path), "%s/err", lab->peer.folder);
	file = fopen(lab->config, "w");
	assert_non_null(file);
	(void)fprintf(file,
	              "broker:\n  endpoint: %s\n  events: ipc://%s/e\n  state: %s/state.db\n"
	              "vaults:\n  usb:\n    path: /mnt/usb\n"
	              "pipelines:\n  photos:\n    source: /volume1/photos\n    vault: usb\n    stages:\n"
	              "      - snapshot: { driver: btrfs }\n      - transfer: { engine: native }\n",
	              lab->peer.endpoint, lab->peer.folder, lab->peer.folder);
	assert_int_equal(fclose(file), 0);
}

static inline void verb_lab_close(struct verb_lab *lab)
{
	(void)unlink(lab->config);
	(void)unlink(lab->out_path);
	(void)unlink(lab->err_path);
	peer_close(&lab->peer);
}

/* verb_lab_self: first in main: in the process of a verb, does it and does not come back. */
static inline void verb_lab_self(int argc, char **argv, const struct verb *verbs, size_t n)
{
	if (argc < 4 || strcmp(argv[1], VERB_SELF) != 0)
		return;
	for (size_t i = 0; i < n; i++)
		if (strcmp(verbs[i].name, argv[3]) == 0)
			exit(verbs[i].run(argc - 3, argv + 3, argv[2]));
	exit(255);
}

/* verb_lab_start: words: NULL-terminated, the verb first. By exec, since ZeroMQ's threads do not outlive a fork. */
static inline void verb_lab_start(struct verb_lab *lab, const char *const *words)
{
	char self[] = VERB_SELF;
	char *argv[VERB_WORDS + 4] = { self, self, lab->config };

	for (size_t i = 0; i < VERB_WORDS && words[i] != NULL; i++)
		assert_non_null(argv[3 + i] = strdup(words[i]));
	(void)fflush(NULL);
	lab->pid = fork();
	assert_true(lab->pid >= 0);
	if (lab->pid == 0) {
		if (freopen(lab->out_path, "w", stdout) != NULL && freopen(lab->err_path, "w", stderr) != NULL)
			(void)execv("/proc/self/exe", argv);
		_exit(255);
	}
	for (size_t i = 3; argv[i] != NULL; i++)
		free(argv[i]);
}

/* The next question goes to lab->asked; reply is its answer. */
static inline void verb_lab_answer_within(struct verb_lab *lab, int wait_ms, const char *reply)
{
	zmsg_t *msg = peer_receive(&lab->peer, wait_ms);
	zframe_t *body = NULL;

	assert_non_null(msg);
	body = zmsg_last(msg);
	assert_int_equal(zmsg_size(msg), 4);
	assert_true(zframe_size(body) < sizeof(lab->asked));
	memcpy(lab->asked, zframe_data(body), zframe_size(body));
	lab->asked[zframe_size(body)] = '\0';
	zmsg_destroy(&msg);
	peer_send(&lab->peer, mdp_client_message(MDPC_FINAL, "aob.broker", reply, strlen(reply)));
}

static inline void verb_lab_answer(struct verb_lab *lab, const char *reply)
{
	verb_lab_answer_within(lab, PEER_WAIT_MS, reply);
}

static inline void verb_lab_read(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	text[fread(text, 1, size - 1, file)] = '\0';
	(void)fclose(file);
}

/* Its end: lab->status, out, err. */
static inline void verb_lab_end(struct verb_lab *lab)
{
	int status;

	assert_int_equal(waitpid(lab->pid, &status, 0), lab->pid);
	assert_true(WIFEXITED(status));
	lab->status = WEXITSTATUS(status);
	verb_lab_read(lab->out_path, lab->out, sizeof(lab->out));
	verb_lab_read(lab->err_path, lab->err, sizeof(lab->err));
}

#endif
