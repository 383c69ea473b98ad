#include "monitor/notify_mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "monitor/notify_child.h"
#include "monitor/notify_driver.h"

#define LINE_MOST 200 /* bytes, broken at a space; at most 998 are allowed */

struct mail {
	struct notify_context context;
};

static int open_mail(const struct notify_context *context, void **self, struct error *err)
{
	struct mail *mail = calloc(1, sizeof(*mail));

	*self = mail;
	if (mail == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	mail->context = *context;
	return 0;
}

/* Long lines are broken at spaces, or between characters where there are none. */
static void put_folded(FILE *out, const char *text)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");
		size_t cut = n;

		if (n > LINE_MOST) {
			for (cut = LINE_MOST; cut > LINE_MOST / 2 && text[cut] != ' '; cut--)
				;
			if (text[cut] != ' ')
				for (cut = LINE_MOST; ((unsigned char)text[cut] & 0xc0) == 0x80; cut--)
					;
		}
		(void)fprintf(out, "%.*s\n", (int)cut, text);
		text += cut;
		if (*text == '\n' || (*text == ' ' && cut < n))
			text++;
	}
}

/* In English, whatever the locale (RFC 5322, 3.3). */
static void put_date(FILE *out, int64_t now_s)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
		                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t seconds = (time_t)now_s;
	struct tm t = { .tm_mday = 1 };

	(void)gmtime_r(&seconds, &t);
	(void)fprintf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\n", days[t.tm_wday], t.tm_mday, months[t.tm_mon],
	              t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

char *notify_mail_text(const struct config_notify *config, const struct notify_notice *notice, int64_t now_s)
{
	char host[256] = "localhost";
	char stamp[32];
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	(void)gethostname(host, sizeof(host) - 1);
	put_date(out, now_s);
	if (config->from != NULL)
		(void)fprintf(out, "From: %s\n", config->from);
	(void)fputs("To: ", out);
	for (size_t i = 0; config->to[i] != NULL; i++)
		(void)fprintf(out, "%s%s", i > 0 ? ",\n " : "", config->to[i]);
	(void)fprintf(out,
	              "\nSubject: %s\nMessage-ID: <%s@%s>\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n"
	              "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n",
	              notice->title, notice->id, host);
	put_folded(out, notice->text);
	if (strcmp(notice->pipeline, NOTIFY_NOTICE_ALL) == 0)
		(void)fprintf(out, "\nOn %s, %s\n", host, notify_notice_time(notice->at_s, stamp));
	else
		(void)fprintf(out, "\nPipeline %s on %s, %s\n`aob status` there tells more.\n", notice->pipeline, host,
		              notify_notice_time(notice->at_s, stamp));
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static int deliver(void *self, const struct notify_notice *notice, struct error *err)
{
	const struct mail *mail = self;
	const struct config_notify *config = mail->context.config;
	const char *const argv[] = { config->sendmail, "-oi", "-t", NULL };
	char *text = notify_mail_text(config, notice, time(NULL));
	int rc;

	if (text == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	rc = notify_child_run(argv, text, mail->context.stop, err);
	free(text);
	return rc;
}

const struct notify_driver notify_mail_driver = { .open = open_mail, .deliver = deliver, .close = free };
