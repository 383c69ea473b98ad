#include "lib/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "lib/utf8.h"

static const struct {
	const char *code;
	enum error_retry retry;
	int exit;
} classes[ERR_CLASSES] = {
	[ERR_NONE] = { "none", RETRY_NEVER, EX_OK },
	[ERR_USAGE] = { "usage", RETRY_NEVER, EX_USAGE },
	[ERR_CONFIG] = { "config", RETRY_NEVER, EX_CONFIG },
	[ERR_INPUT] = { "input", RETRY_NEVER, EX_DATAERR },
	[ERR_NOT_FOUND] = { "not-found", RETRY_NEVER, EX_NOINPUT },
	[ERR_LINK] = { "link", RETRY_ALWAYS, EX_UNAVAILABLE },
	[ERR_PROTOCOL] = { "protocol", RETRY_LIMITED, EX_PROTOCOL },
	[ERR_BUSY] = { "busy", RETRY_LIMITED, EX_TEMPFAIL },
	[ERR_LOCKED] = { "locked", RETRY_ALWAYS, EX_TEMPFAIL },
	[ERR_SPACE] = { "space", RETRY_ALWAYS, EX_CANTCREAT },
	[ERR_IO] = { "io", RETRY_LIMITED, EX_IOERR },
	[ERR_DAMAGED] = { "damaged", RETRY_LIMITED, EX_DATAERR },
	[ERR_PERMISSION] = { "permission", RETRY_NEVER, EX_NOPERM },
	[ERR_SYSTEM] = { "system", RETRY_LIMITED, EX_OSERR },
	[ERR_CANCELLED] = { "cancelled", RETRY_NEVER, EX_TEMPFAIL },
	[ERR_REFUSED] = { "refused", RETRY_NEVER, EX_NOPERM },
	[ERR_INTERNAL] = { "internal", RETRY_LIMITED, EX_SOFTWARE },
};

static enum error_class class_of_errno(int sys)
{
	switch (sys) {
	case ENOSPC:
	case EDQUOT:
		return ERR_SPACE;
	case EACCES:
	case EPERM:
		return ERR_PERMISSION;
	case ENOENT:
	case ENOTDIR:
		return ERR_NOT_FOUND;
	case EPIPE:
	case ECONNRESET:
	case ECONNREFUSED:
	case ETIMEDOUT:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ENETDOWN:
	case EHOSTDOWN:
	case ENOTCONN: /* a file system whose servers are away: GlusterFS, sshfs */
	case EBADFD:   /* and what was open while one of them was */
	case ESHUTDOWN:
	case ECONNABORTED:
		return ERR_LINK;
	case EIO:
	case EUCLEAN: /* EFSCORRUPTED of ext4 and XFS, */
	case EBADMSG: /* and EFSBADCRC: what lies there is not what was written */
	case EROFS:
	case ENXIO:
	case ENODEV:
		return ERR_IO;
	default:
		return ERR_SYSTEM;
	}
}

/* used: what snprintf returned for it. */
static void end_whole(char *text, size_t size, int used)
{
	if (used >= 0 && (size_t)used >= size)
		utf8_cut(text);
}

int error_set(struct error *err, enum error_class class, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return -1;
	err->class = class;
	err->sys = 0;
	va_start(args, format);
	end_whole(err->text, sizeof(err->text), vsnprintf(err->text, sizeof(err->text), format, args));
	va_end(args);
	return -1;
}

int error_sys(struct error *err, int sys, const char *format, ...)
{
	va_list args;
	int used;

	if (err == NULL)
		return -1;
	err->class = class_of_errno(sys);
	err->sys = sys;
	va_start(args, format);
	used = vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	end_whole(err->text, sizeof(err->text), used);
	if (used >= 0 && (size_t)used < sizeof(err->text))
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): each thread has its own text, in glibc (2.32) and musl */
		(void)snprintf(err->text + used, sizeof(err->text) - (size_t)used, ": %s", strerror(sys));
	return -1;
}

int error_prefix(struct error *err, const char *format, ...)
{
	char context[ERROR_TEXT_SIZE / 2];
	va_list args;
	size_t used;
	size_t kept;

	if (err == NULL)
		return -1;
	va_start(args, format);
	end_whole(context, sizeof(context), vsnprintf(context, sizeof(context), format, args));
	va_end(args);
	/* What was being done goes in front; where the room ends, the old text loses its tail. */
	used = strlen(context);
	kept = strlen(err->text);
	if (kept > sizeof(err->text) - used - 3) {
		err->text[sizeof(err->text) - used - 3] = '\0';
		utf8_cut(err->text);
		kept = strlen(err->text);
	}
	memmove(err->text + used + 2, err->text, kept + 1);
	memcpy(err->text, context, used);
	memcpy(err->text + used, ": ", 2);
	return -1;
}

bool error_forgive(struct error *err, enum error_class class)
{
	if (err == NULL || err->class != class)
		return false;
	error_clear(err);
	return true;
}

bool error_not_given(const struct error *err)
{
	return err->class == ERR_IO || err->class == ERR_DAMAGED || err->class == ERR_PERMISSION;
}

void error_clear(struct error *err)
{
	if (err != NULL)
		*err = (struct error){ .class = ERR_NONE };
}

const char *error_code(enum error_class class)
{
	return (unsigned)class < ERR_CLASSES ? classes[class].code : classes[ERR_INTERNAL].code;
}

enum error_class error_class_of(const char *code)
{
	for (unsigned i = 0; i < ERR_CLASSES; i++)
		if (strcmp(classes[i].code, code) == 0)
			return (enum error_class)i;
	return ERR_INTERNAL;
}

enum error_retry error_retry_of(enum error_class class)
{
	return (unsigned)class < ERR_CLASSES ? classes[class].retry : RETRY_NEVER;
}

int error_exit(enum error_class class)
{
	return (unsigned)class < ERR_CLASSES ? classes[class].exit : EX_SOFTWARE;
}

enum error_class error_class_of_exit(int status)
{
	enum error_class found = ERR_CLASSES;

	for (enum error_class class = ERR_NONE; class < ERR_CLASSES; class ++)
		if (classes[class].exit == status &&
		    (found == ERR_CLASSES || classes[class].retry > classes[found].retry))
			found = class;
	return found != ERR_CLASSES ? found : ERR_INTERNAL;
}
