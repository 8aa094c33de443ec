#pragma once
/* A row of a message that outlives its answer: copies whose texts are their own. Private to this
 * folder. Control thread. */

#include "store/store_messages.h"

/** On the heap; every text is a copy, never NULL. */
struct store_message *message_row_copy(const struct store_message *row);
/** Bodies are wiped. NULL is fine. */
void message_row_destroy(struct store_message *row);
/** Another text in place of one; `field` is a pointer into a copy. */
void message_row_set(const char **field, const char *text);
