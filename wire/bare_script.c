#include "wire/bare_script.h"

/* As broker/schema.c does it: the path is from the repository's root, where make runs; module.mk names the dependency. */
__asm__(".pushsection .rodata\n"
        ".global bare_script_text\n"
        ".type bare_script_text, %object\n"
        "bare_script_text:\n"
        "	.incbin \"wire/bare.sh\"\n"
        "	.byte 0\n"
        ".size bare_script_text, . - bare_script_text\n"
        ".popsection\n");
