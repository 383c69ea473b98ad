#include "transfer/btrfs_send.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/quiet_thread.h"
#include "lib/subvolume.h"

#define PIPE_BYTES (1 << 20)
#define LOOK_MS 1000
#ifndef BTRFS_SEND_FLAG_VERSION
#define BTRFS_SEND_FLAG_VERSION 0x8
#endif

/* As linux/btrfs.h has it since 6.0; older headers have `reserved` where version is. */
struct send_args {
	__s64 send_fd;
	__u64 clone_sources_count;
	__u64 *clone_sources;
	__u64 parent_root;
	__u64 flags;
	__u32 version;
	__u8 reserved[28];
};
_Static_assert(sizeof(struct send_args) == sizeof(struct btrfs_ioctl_send_args), "the kernel's own size");

struct btrfs_send {
	pthread_t thread;
	int snapshot_fd;
	int in_fd;  /* ours */
	int out_fd; /* the kernel's */
	__u64 anchor_id;
	int (*busy)(void *context, struct error *err);
	void *context;
	int sys; /* the thread's errno; 0 */
};

static int ask(struct btrfs_send *send, __u64 more_flags, __u32 version)
{
	struct send_args args = { .send_fd = send->out_fd,
		                  .clone_sources_count = 1,
		                  .clone_sources = &send->anchor_id,
		                  .parent_root = send->anchor_id,
		                  .flags = BTRFS_SEND_FLAG_NO_FILE_DATA | more_flags,
		                  .version = version };

	return ioctl(send->snapshot_fd, BTRFS_IOC_SEND, &args) == 0 ? 0 : errno;
}

static void *run(void *context)
{
	struct btrfs_send *send = context;

	/* A kernel before 6.0 knows version 1 alone, and says so before it writes anything. */
	send->sys = ask(send, BTRFS_SEND_FLAG_VERSION, 2);
	if (send->sys == EINVAL || send->sys == EOPNOTSUPP)
		send->sys = ask(send, 0, 0);
	(void)close(send->out_fd); /* the reader sees the end */
	return NULL;
}

int btrfs_send_open(int snapshot_fd, int anchor_fd, int (*busy)(void *context, struct error *err), void *context,
                    struct btrfs_send **send, struct error *err)
{
	struct btrfs_send *made = calloc(1, sizeof(*made));
	struct subvolume anchor;
	int pipe_fds[2];

	*send = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	if (subvolume_read(anchor_fd, &anchor, err) != 0) {
		free(made);
		return -1;
	}
	if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
		(void)error_sys(err, errno, "making a pipe");
		free(made);
		return -1;
	}
	(void)fcntl(pipe_fds[0], F_SETPIPE_SZ, PIPE_BYTES);
	made->snapshot_fd = snapshot_fd;
	made->busy = busy;
	made->context = context;
	made->in_fd = pipe_fds[0];
	made->out_fd = pipe_fds[1];
	made->anchor_id = anchor.id;
	if (quiet_thread_start(&made->thread, run, made, err) != 0) {
		(void)close(pipe_fds[0]);
		(void)close(pipe_fds[1]);
		free(made);
		return -1;
	}
	*send = made;
	return 0;
}

int btrfs_send_read(void *context, void *buffer, size_t size, size_t *got, struct error *err)
{
	const struct btrfs_send *send = context;
	struct pollfd waiting = { .fd = send->in_fd, .events = POLLIN };
	ssize_t n;

	while (poll(&waiting, 1, LOOK_MS) == 0)
		if (send->busy(send->context, err) != 0)
			return -1;
	do {
		n = read(send->in_fd, buffer, size);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_sys(err, errno, "reading the send stream");
	*got = (size_t)n;
	return 0;
}

int btrfs_send_close(struct btrfs_send **send, struct error *err)
{
	struct btrfs_send *s = *send;
	int sys;

	if (s == NULL)
		return 0;
	*send = NULL;
	(void)close(s->in_fd);
	(void)pthread_join(s->thread, NULL);
	sys = s->sys;
	free(s);
	if (sys == 0 || sys == EPIPE)
		return 0;
	return error_sys(err, sys, "asking btrfs what differs (BTRFS_IOC_SEND%s)",
	                 sys == EPERM ? ", which takes CAP_SYS_ADMIN" : "");
}
