/* error: what went wrong, in a form that can be retried, shown and counted.
 *
 * Functions return 0 or -1 (or NULL) and set a `struct error *` where the fault is detected. Callers that
 * pass it on say in front what they were doing: error_prefix(err, "reading %s", path). Library code prints
 * nothing. A NULL `struct error *` is allowed everywhere and drops the text.
 *
 * threads: an error belongs to one thread at a time. */
#ifndef AOB_ERROR_H
#define AOB_ERROR_H

#include <stdbool.h>

#define ERROR_TEXT_SIZE 1024

enum error_class {
	ERR_NONE = 0,
	ERR_USAGE,     /* wrong command line */
	ERR_CONFIG,    /* wrong configuration */
	ERR_INPUT,     /* malformed request or data from outside */
	ERR_NOT_FOUND, /* pipeline, run, generation, file */
	ERR_LINK,      /* far end or broker not reachable, connection lost */
	ERR_PROTOCOL,  /* the other end speaks something else */
	ERR_BUSY,      /* the source would not come to rest; the run is deferred */
	ERR_LOCKED,    /* another process works on the same thing */
	ERR_SPACE,     /* no room, no quota, no inodes */
	ERR_IO,        /* a disk or file system failed */
	ERR_DAMAGED,   /* content does not match its hash, a record is broken */
	ERR_PERMISSION,
	ERR_SYSTEM,    /* the operating system refused: memory, descriptors, processes */
	ERR_CANCELLED, /* asked to stop */
	ERR_REFUSED,   /* a safety rule says no (floor, newest generation) */
	ERR_INTERNAL,  /* a bug of ours */
	ERR_CLASSES    /* number of classes */
};

enum error_retry {
	RETRY_NEVER,   /* a human must change something */
	RETRY_LIMITED, /* a few attempts, then the run fails */
	RETRY_ALWAYS   /* goes on by itself when the cause is gone */
};

struct error {
	enum error_class class;
	int sys; /* errno, or 0 */
	char text[ERROR_TEXT_SIZE];
};

/* error_set: record class and text; always returns -1, so that `return error_set(…)` reads well. */
int error_set(struct error *err, enum error_class class, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* error_sys: as error_set, for a failed system call: appends ": strerror(sys)", and takes the class from
 * the number (ENOSPC, EDQUOT -> ERR_SPACE, EACCES, EPERM -> ERR_PERMISSION, EIO, EROFS -> ERR_IO, …). Returns -1. */
int error_sys(struct error *err, int sys, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* error_prefix: put "<context>: " before the text. Returns -1. */
int error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

void error_clear(struct error *err);

/* error_forgive: true if it is of that class: it is cleared then, as to the caller it is none. */
bool error_forgive(struct error *err, enum error_class class);

/* error_not_given: is it that what lies on a disk is not had: the disk does not give it, it is damaged, or it may not be read or touched? Such a fault is of
 * that one thing: who works through many passes it over and goes on. */
bool error_not_given(const struct error *err);

/* The class table: one row a class. */
const char *error_code(enum error_class class);    /* "link", "space", …: the JSON code; static */
enum error_class error_class_of(const char *code); /* ERR_INTERNAL for an unknown code */
enum error_retry error_retry_of(enum error_class class);
int error_exit(enum error_class class); /* sysexits.h value; 0 for ERR_NONE */
/* error_class_of_exit: the class that a program's exit status stands for; of several with that status the one that is tried again the most. ERR_INTERNAL
 * for a status that is none of them, ERR_NONE for 0. */
enum error_class error_class_of_exit(int status);

#endif
