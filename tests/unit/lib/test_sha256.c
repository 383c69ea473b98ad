#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/hex.h"
#include "lib/sha256.h"

static void assert_hash(const uint8_t hash[SHA256_BYTES], const char *expected)
{
	char text[2 * SHA256_BYTES + 1];

	hex_text(hash, SHA256_BYTES, text);
	assert_string_equal(text, expected);
}

/* The examples of FIPS 180-4. */
static void it_is_the_sha256_of_the_standard(void **state)
{
	static const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	uint8_t hash[SHA256_BYTES];

	(void)state;
	sha256_of("", 0, hash);
	assert_hash(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_of("abc", 3, hash);
	assert_hash(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_of(two_blocks, strlen(two_blocks), hash);
	assert_hash(hash, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void pieces_of_any_size_make_the_same(void **state)
{
	uint8_t content[1000];
	uint8_t whole[SHA256_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * i);
	sha256_of(content, sizeof(content), whole);
	for (size_t piece = 1; piece <= 130; piece++) {
		struct sha256 sha;
		uint8_t hash[SHA256_BYTES];

		sha256_init(&sha);
		for (size_t at = 0; at < sizeof(content); at += piece)
			sha256_update(&sha, content + at, sizeof(content) - at < piece ? sizeof(content) - at : piece);
		sha256_so_far(&sha, hash);
		assert_memory_equal(hash, whole, sizeof(hash));
	}
}

static void a_look_at_what_has_come_changes_nothing(void **state)
{
	struct sha256 sha;
	struct sha256 copy;
	uint8_t hash[SHA256_BYTES];

	(void)state;
	sha256_init(&sha);
	sha256_update(&sha, "ab", 2);
	sha256_so_far(&sha, hash);
	assert_hash(hash, "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603");
	copy = sha;
	sha256_update(&sha, "c", 1);
	sha256_so_far(&sha, hash);
	assert_hash(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_so_far(&copy, hash);
	assert_hash(hash, "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_the_sha256_of_the_standard),
		cmocka_unit_test(pieces_of_any_size_make_the_same),
		cmocka_unit_test(a_look_at_what_has_come_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
