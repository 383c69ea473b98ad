/* faults: what is wrong with a text file, each with its place, collected and told in the file's order.
 *
 * Messages are one line: control characters and bytes that are no UTF-8 are escaped. More than FAULTS_MAX are only counted.
 *
 * lifetime: faults_init / faults_done. threads: one. */
#ifndef AOB_FAULTS_H
#define AOB_FAULTS_H

#include <stddef.h>
#include <stdio.h>

#include "lib/error.h"

#define FAULTS_MAX 200
#define FAULT_TEXT_SIZE 512

struct fault {
	unsigned line, column; /* from 1; columns are characters, not bytes */
	char text[FAULT_TEXT_SIZE];
};

struct faults {
	struct fault *list;
	size_t n; /* in the list, at most FAULTS_MAX */
	size_t room;
	size_t total; /* that there were */
};

void faults_init(struct faults *faults);
void faults_done(struct faults *faults);

void faults_add(struct faults *faults, unsigned line, unsigned column, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/* faults_tell: sort, write "file:line:column: message\n" each to out (NULL: nowhere).
 * returns: 0 without faults; else -1 and ERR_CONFIG: the first one and how many more there are. */
int faults_tell(struct faults *faults, const char *file, FILE *out, struct error *err);

#endif
