#include "broker/schema.h"

/* C17 has no #embed; the assembler's .incbin does the same for gcc and clang. The path is from the repository's root, where
 * make runs; module.mk names the dependency. */
__asm__(".pushsection .rodata\n"
        ".global schema_sql\n"
        ".type schema_sql, %object\n"
        "schema_sql:\n"
        "	.incbin \"broker/schema.sql\"\n"
        "	.byte 0\n"
        ".size schema_sql, . - schema_sql\n"
        ".popsection\n");
