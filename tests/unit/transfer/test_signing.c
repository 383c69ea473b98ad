#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/scratch.h"
#include "transfer/signing.h"

#define FILE_BYTES 1000000u

struct patience {
	unsigned asked, enough; /* 0: for ever */
};

static int busy(void *context, struct error *err)
{
	struct patience *p = context;

	p->asked++;
	return p->asked == p->enough ? error_set(err, ERR_CANCELLED, "enough") : 0;
}

static int sign(struct patience *p, FILE *spool, struct error *err)
{
	FILE *old = scratch_file(err);
	uint64_t len_bytes = 0;
	int rc;

	assert_non_null(old);
	for (unsigned i = 0; i < FILE_BYTES; i++)
		assert_int_not_equal(fputc((int)(i * i >> 7) & 0xff, old), EOF);
	assert_int_equal(fflush(old), 0);
	rc = signing_make(spool, fileno(old), FILE_BYTES, busy, p, &len_bytes, err);
	assert_true(rc != 0 || len_bytes > 12);
	assert_int_equal(fclose(old), 0);
	return rc;
}

static void long_signing_is_no_silence_and_can_be_ended(void **state)
{
	struct error err = { .class = ERR_NONE };
	struct patience for_ever = { 0 };
	struct patience little = { .enough = 3 };
	FILE *spool = scratch_file(&err);

	(void)state;
	assert_non_null(spool);
	assert_int_equal(sign(&for_ever, spool, &err), 0);
	assert_true(for_ever.asked >= FILE_BYTES / 65536);
	assert_int_equal(sign(&little, spool, &err), -1);
	assert_int_equal(err.class, ERR_CANCELLED);
	assert_int_equal(little.asked, 3);
	assert_int_equal(fclose(spool), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_signing_is_no_silence_and_can_be_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
