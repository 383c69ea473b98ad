/* assets: the files of monitor/page/, as they are, in the executable. Each is a text with a NUL behind. */
#ifndef AOB_MONITOR_ASSETS_H
#define AOB_MONITOR_ASSETS_H

extern const char assets_page_html[], assets_home_html[], assets_card_html[], assets_pipeline_html[],
        assets_generation_html[], assets_style_css[], assets_page_js[], assets_icon_svg[];

#endif
