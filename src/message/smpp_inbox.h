#pragma once
/* Texts that a centre brings, as people read them: in UTF-8, parts of long ones joined, numbers
 * with their plus. Control thread. */

#include "message/smpp.h"

struct loop;
struct smpp_inbox;

/** Somebody writes; borrowed. */
typedef void (*smpp_inbox_fn)(void *owner, const char *from, const char *to, const char *body);
struct smpp_inbox *smpp_inbox_create(struct loop *loop, smpp_inbox_fn fn, void *owner);
/** Tells what waits for more of its parts: the centre thinks that we have them. NULL is fine. */
void smpp_inbox_destroy(struct smpp_inbox *inbox);
void smpp_inbox_take(struct smpp_inbox *inbox, const struct smpp_text_pdu *text);
