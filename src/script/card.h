#pragma once
/* Payment cards: is a number one (Luhn, ISO/IEC 7812-1 annex B), whose is it, how is it shown. Any
 * thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** 12 to 19 digits with a right check digit. */
bool card_is_number(const char *digits);
/** "visa", "mastercard", "amex", "discover", "diners-club", "jcb", "maestro"; "" when unknown. */
const char *card_type(const char *digits);
/** Is its type in a list with blanks between? */
bool card_is_accepted(const char *digits, const char *types);
/** MMYY, not over at that time (milliseconds since 1970). */
bool card_is_date(const char *digits, int64_t now_ms);
/** Digits of its security code. */
size_t card_code_length(const char *digits);
/** "************1111", terminated; "" for an empty number. */
void card_mask(const char *digits, char *out, size_t cap);
