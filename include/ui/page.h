/* The overview page, whole without JavaScript, and its style sheet. */
#ifndef UI_PAGE_H
#define UI_PAGE_H

#include "ui/http.h"

void page_overview(struct http_request *request, struct http_answer *answer);
void page_style(struct http_request *request, struct http_answer *answer);

#endif
