/* A notice as a mail: a right message, whatever is in the notice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/notify_mail.h"

static const char *const two[] = { "me@example.net", "root", NULL };

static const char head[] = "Date: Sun, 22 Nov 2026 03:01:00 +0000\nFrom: nas@example.net\nTo: me@example.net,\n root\n"
                           "Subject: photos: the backup failed\nMessage-ID: <b-1-failed@";

static void a_message_has_what_rfc_5322_wants(void **state)
{
	struct config_notify config = { .to = two, .from = "nas@example.net" };
	struct notify_notice notice = { .id = "b-1-failed",
		                        .kind = CONFIG_NOTICE_FAILED,
		                        .pipeline = "photos",
		                        .title = "photos: the backup failed",
		                        .text = "no room\nat all",
		                        .at_s = 1795316400 };
	char *text = notify_mail_text(&config, &notice, 1795316460);

	(void)state;
	assert_non_null(text);
	assert_memory_equal(text, head, sizeof(head) - 1);
	assert_non_null(strstr(text, ">\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n"
	                             "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
	                             "no room\nat all\n\nPipeline photos on "));
	free(text);
	config.from = NULL;
	text = notify_mail_text(&config, &notice, 0);
	assert_null(strstr(text, "From:"));
	free(text);
}

static void no_line_is_longer_than_mail_allows(void **state)
{
	struct config_notify config = { .to = two };
	struct notify_notice notice = { .id = "x", .pipeline = "p", .title = "t" };
	static const char *const pieces[] = { "word ", "x", "\xc3\xa4", " " };

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		char *text = NULL;

		notice.text[0] = '\0';
		while (strlen(notice.text) + strlen(pieces[i]) < sizeof(notice.text))
			(void)strcat(notice.text, pieces[i]);
		text = notify_mail_text(&config, &notice, 0);
		for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
			assert_true(strcspn(line, "\n") <= 200);
			assert_true(((unsigned char)*line & 0xc0) != 0x80); /* cut between characters */
		}
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_has_what_rfc_5322_wants),
		cmocka_unit_test(no_line_is_longer_than_mail_allows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
