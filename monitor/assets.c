#include "monitor/assets.h"

/* C17 has no #embed; the assembler's .incbin does the same for gcc and clang. Paths are from the repository's root, where make
 * runs; module.mk names the dependencies. */
#define ASSET(name, file)                                                                                              \
	__asm__(".pushsection .rodata\n"                                                                               \
	        ".global " name "\n"                                                                                   \
	        ".type " name ", %object\n" name ":\n"                                                                 \
	        "	.incbin \"monitor/page/" file "\"\n"                                                           \
	        "	.byte 0\n"                                                                                           \
	        ".size " name ", . - " name "\n"                                                                       \
	        ".popsection\n")

ASSET("assets_page_html", "page.html");
ASSET("assets_home_html", "home.html");
ASSET("assets_card_html", "card.html");
ASSET("assets_pipeline_html", "pipeline.html");
ASSET("assets_generation_html", "generation.html");
ASSET("assets_style_css", "style.css");
ASSET("assets_page_js", "page.js");
ASSET("assets_icon_svg", "icon.svg");
