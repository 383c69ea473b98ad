/* suggest: the right word nearest to a wrong one, for "did you mean". Pure.
 * source: optimal string alignment distance (Damerau 1964, Levenshtein 1966), upper and lower case alike. */
#ifndef AOB_SUGGEST_H
#define AOB_SUGGEST_H

#include <stddef.h>

#define SUGGEST_WORD_MAX 64 /* longer words are near to nothing */

/* suggest_distance: insertions, deletions, replacements and exchanges of neighbours that make one word the other. */
size_t suggest_distance(const char *a, const char *b);

/* suggest_nearest: the first of the n words with the smallest distance, if it is at most a third of the longer word's
 * length (and 1 at least); else NULL. Borrowed from words. */
const char *suggest_nearest(const char *word, const char *const *words, size_t n);

#endif
