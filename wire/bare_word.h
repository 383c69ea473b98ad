/* bare_word: words for a shell and for rsync's own command lines, where nothing of ours is at the far end. Pure.
 *
 * source: rsync(1), "-e", "--filter", "PATTERN MATCHING RULES"; POSIX XCU 2.2.2 */
#ifndef AOB_BARE_WORD_H
#define AOB_BARE_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* bare_word_shell: one word for any login shell. Owned by the caller, free(3); NULL: out of memory. */
char *bare_word_shell(const char *word);

/* bare_word_rsh: adds a word to what is given to rsync by -e, which it splits at spaces: it knows quotes, and a quote twice in quotes.
 * out: text: what is there already, with a NUL, and size. false: no room */
bool bare_word_rsh(char *text, size_t size, const char *word);

/* bare_word_pattern: a pattern of `exclude` (lib/exclude.h) as rsync's rule, which leaves out the same names.
 * in: pattern, not empty. out: rule: what stands behind "- ". Returns 1; 0: it leaves out nothing; -1: no room, or an expression in it that rsync does not know ([=a=], [.a.]) */
int bare_word_pattern(const char *pattern, char *rule, size_t size);

/* bare_word_path: a path below the source as rsync's rule for just that. false: no room */
bool bare_word_path(const char *path, char *rule, size_t size);

/* bare_word_plain: nothing in it but letters, digits, and those of `more`: safe as it is, in every shell. */
bool bare_word_plain(const char *word, const char *more);

/* bare_word_numbers: n decimal numbers with separators between them. out: those that are there. Returns what stands behind the last; NULL: there are fewer, or one is too large. */
const char *bare_word_numbers(const char *text, char separator, uint64_t *numbers, size_t n);

#endif
