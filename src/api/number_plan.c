#include "api/number_plan.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

enum { NATIONAL_MAX = 15, NANP_LEN = 10 };

/* Country codes, and how long national numbers are (ITU-T E.164; numbering plans of the countries
 * as published by the ITU). The longest prefix that fits counts. */
static const struct {
    const char *prefix, *country;
    uint8_t low, high, code_len; /* digits behind the code; of the code within the prefix */
} plans[] = {
    /* clang-format off */
    { "1", "US", 10, 10, 1 }, { "1242", "BS", 10, 10, 1 }, { "1246", "BB", 10, 10, 1 },
    { "1264", "AI", 10, 10, 1 }, { "1268", "AG", 10, 10, 1 }, { "1284", "VG", 10, 10, 1 },
    { "1340", "VI", 10, 10, 1 }, { "1345", "KY", 10, 10, 1 }, { "1441", "BM", 10, 10, 1 },
    { "1473", "GD", 10, 10, 1 }, { "1649", "TC", 10, 10, 1 }, { "1658", "JM", 10, 10, 1 },
    { "1664", "MS", 10, 10, 1 }, { "1670", "MP", 10, 10, 1 }, { "1671", "GU", 10, 10, 1 },
    { "1684", "AS", 10, 10, 1 }, { "1721", "SX", 10, 10, 1 }, { "1758", "LC", 10, 10, 1 },
    { "1767", "DM", 10, 10, 1 }, { "1784", "VC", 10, 10, 1 }, { "1787", "PR", 10, 10, 1 },
    { "1809", "DO", 10, 10, 1 }, { "1829", "DO", 10, 10, 1 }, { "1849", "DO", 10, 10, 1 },
    { "1868", "TT", 10, 10, 1 }, { "1869", "KN", 10, 10, 1 }, { "1876", "JM", 10, 10, 1 },
    { "1939", "PR", 10, 10, 1 },
    { "20", "EG", 8, 10, 2 }, { "211", "SS", 9, 9, 3 }, { "212", "MA", 9, 9, 3 },
    { "213", "DZ", 8, 9, 3 }, { "216", "TN", 8, 8, 3 }, { "218", "LY", 8, 9, 3 },
    { "220", "GM", 7, 7, 3 }, { "221", "SN", 9, 9, 3 }, { "222", "MR", 8, 8, 3 },
    { "223", "ML", 8, 8, 3 }, { "224", "GN", 8, 9, 3 }, { "225", "CI", 10, 10, 3 },
    { "226", "BF", 8, 8, 3 }, { "227", "NE", 8, 8, 3 }, { "228", "TG", 8, 8, 3 },
    { "229", "BJ", 8, 10, 3 }, { "230", "MU", 7, 8, 3 }, { "231", "LR", 7, 9, 3 },
    { "232", "SL", 8, 8, 3 }, { "233", "GH", 9, 9, 3 }, { "234", "NG", 8, 10, 3 },
    { "235", "TD", 8, 8, 3 }, { "236", "CF", 8, 8, 3 }, { "237", "CM", 8, 9, 3 },
    { "238", "CV", 7, 7, 3 }, { "239", "ST", 7, 7, 3 }, { "240", "GQ", 9, 9, 3 },
    { "241", "GA", 7, 8, 3 }, { "242", "CG", 9, 9, 3 }, { "243", "CD", 7, 9, 3 },
    { "244", "AO", 9, 9, 3 }, { "245", "GW", 7, 9, 3 }, { "246", "IO", 7, 7, 3 },
    { "247", "AC", 5, 6, 3 }, { "248", "SC", 7, 7, 3 }, { "249", "SD", 9, 9, 3 },
    { "250", "RW", 9, 9, 3 }, { "251", "ET", 9, 9, 3 }, { "252", "SO", 6, 9, 3 },
    { "253", "DJ", 8, 8, 3 }, { "254", "KE", 7, 10, 3 }, { "255", "TZ", 9, 9, 3 },
    { "256", "UG", 9, 9, 3 }, { "257", "BI", 8, 8, 3 }, { "258", "MZ", 8, 9, 3 },
    { "260", "ZM", 9, 9, 3 }, { "261", "MG", 9, 9, 3 }, { "262", "RE", 9, 9, 3 },
    { "263", "ZW", 5, 10, 3 }, { "264", "NA", 8, 9, 3 }, { "265", "MW", 7, 9, 3 },
    { "266", "LS", 8, 8, 3 }, { "267", "BW", 7, 8, 3 }, { "268", "SZ", 8, 9, 3 },
    { "269", "KM", 7, 7, 3 }, { "27", "ZA", 9, 9, 2 }, { "290", "SH", 4, 5, 3 },
    { "291", "ER", 7, 7, 3 }, { "297", "AW", 7, 7, 3 }, { "298", "FO", 6, 6, 3 },
    { "299", "GL", 6, 6, 3 },
    { "30", "GR", 10, 10, 2 }, { "31", "NL", 9, 9, 2 }, { "32", "BE", 8, 9, 2 },
    { "33", "FR", 9, 9, 2 }, { "34", "ES", 9, 9, 2 }, { "350", "GI", 8, 8, 3 },
    { "351", "PT", 9, 9, 3 }, { "352", "LU", 4, 11, 3 }, { "353", "IE", 7, 10, 3 },
    { "354", "IS", 7, 9, 3 }, { "355", "AL", 6, 9, 3 }, { "356", "MT", 8, 8, 3 },
    { "357", "CY", 8, 8, 3 }, { "358", "FI", 5, 12, 3 }, { "359", "BG", 6, 9, 3 },
    { "36", "HU", 8, 9, 2 }, { "370", "LT", 8, 8, 3 }, { "371", "LV", 8, 8, 3 },
    { "372", "EE", 7, 8, 3 }, { "373", "MD", 8, 8, 3 }, { "374", "AM", 8, 8, 3 },
    { "375", "BY", 9, 10, 3 }, { "376", "AD", 6, 9, 3 }, { "377", "MC", 8, 9, 3 },
    { "378", "SM", 6, 10, 3 }, { "380", "UA", 9, 9, 3 }, { "381", "RS", 6, 12, 3 },
    { "382", "ME", 8, 8, 3 }, { "383", "XK", 8, 9, 3 }, { "385", "HR", 8, 9, 3 },
    { "386", "SI", 8, 8, 3 }, { "387", "BA", 8, 9, 3 }, { "389", "MK", 8, 8, 3 },
    { "39", "IT", 6, 11, 2 }, { "40", "RO", 9, 9, 2 }, { "41", "CH", 9, 9, 2 },
    { "420", "CZ", 9, 12, 3 }, { "421", "SK", 9, 9, 3 }, { "423", "LI", 7, 9, 3 },
    { "43", "AT", 4, 13, 2 }, { "44", "GB", 9, 10, 2 }, { "45", "DK", 8, 8, 2 },
    { "46", "SE", 7, 10, 2 }, { "47", "NO", 8, 8, 2 }, { "48", "PL", 9, 9, 2 },
    { "49", "DE", 4, 12, 2 },
    { "500", "FK", 5, 5, 3 }, { "501", "BZ", 7, 7, 3 }, { "502", "GT", 8, 8, 3 },
    { "503", "SV", 8, 8, 3 }, { "504", "HN", 8, 8, 3 }, { "505", "NI", 8, 8, 3 },
    { "506", "CR", 8, 8, 3 }, { "507", "PA", 7, 8, 3 }, { "508", "PM", 6, 6, 3 },
    { "509", "HT", 8, 8, 3 }, { "51", "PE", 8, 9, 2 }, { "52", "MX", 10, 10, 2 },
    { "53", "CU", 6, 8, 2 }, { "54", "AR", 10, 11, 2 }, { "55", "BR", 10, 11, 2 },
    { "56", "CL", 9, 9, 2 }, { "57", "CO", 8, 10, 2 }, { "58", "VE", 10, 10, 2 },
    { "590", "GP", 9, 9, 3 }, { "591", "BO", 8, 8, 3 }, { "592", "GY", 7, 7, 3 },
    { "593", "EC", 8, 9, 3 }, { "594", "GF", 9, 9, 3 }, { "595", "PY", 7, 9, 3 },
    { "596", "MQ", 9, 9, 3 }, { "597", "SR", 6, 7, 3 }, { "598", "UY", 7, 8, 3 },
    { "599", "CW", 7, 8, 3 },
    { "60", "MY", 8, 10, 2 }, { "61", "AU", 5, 10, 2 }, { "62", "ID", 7, 12, 2 },
    { "63", "PH", 8, 10, 2 }, { "64", "NZ", 8, 10, 2 }, { "65", "SG", 8, 11, 2 },
    { "66", "TH", 8, 9, 2 }, { "670", "TL", 7, 8, 3 }, { "672", "NF", 5, 6, 3 },
    { "673", "BN", 7, 7, 3 }, { "674", "NR", 7, 7, 3 }, { "675", "PG", 7, 8, 3 },
    { "676", "TO", 5, 7, 3 }, { "677", "SB", 5, 7, 3 }, { "678", "VU", 5, 7, 3 },
    { "679", "FJ", 7, 7, 3 }, { "680", "PW", 7, 7, 3 }, { "681", "WF", 6, 6, 3 },
    { "682", "CK", 5, 5, 3 }, { "683", "NU", 4, 7, 3 }, { "685", "WS", 5, 7, 3 },
    { "686", "KI", 5, 8, 3 }, { "687", "NC", 6, 6, 3 }, { "688", "TV", 5, 7, 3 },
    { "689", "PF", 6, 8, 3 }, { "690", "TK", 4, 7, 3 }, { "691", "FM", 7, 7, 3 },
    { "692", "MH", 7, 7, 3 },
    { "7", "RU", 10, 10, 1 }, { "76", "KZ", 10, 10, 1 }, { "77", "KZ", 10, 10, 1 },
    { "800", "", 8, 8, 3 }, { "808", "", 8, 8, 3 }, { "81", "JP", 9, 10, 2 },
    { "82", "KR", 8, 10, 2 }, { "84", "VN", 9, 10, 2 }, { "850", "KP", 8, 10, 3 },
    { "852", "HK", 8, 8, 3 }, { "853", "MO", 8, 8, 3 }, { "855", "KH", 8, 9, 3 },
    { "856", "LA", 8, 10, 3 }, { "86", "CN", 9, 11, 2 }, { "870", "", 9, 12, 3 },
    { "878", "", 12, 12, 3 }, { "880", "BD", 6, 10, 3 }, { "881", "", 8, 9, 3 },
    { "882", "", 7, 12, 3 }, { "883", "", 9, 12, 3 }, { "886", "TW", 8, 9, 3 },
    { "888", "", 8, 11, 3 }, { "90", "TR", 10, 10, 2 }, { "91", "IN", 10, 10, 2 },
    { "92", "PK", 8, 11, 2 }, { "93", "AF", 9, 9, 2 }, { "94", "LK", 9, 9, 2 },
    { "95", "MM", 7, 10, 2 }, { "960", "MV", 7, 7, 3 }, { "961", "LB", 7, 8, 3 },
    { "962", "JO", 8, 9, 3 }, { "963", "SY", 8, 9, 3 }, { "964", "IQ", 8, 10, 3 },
    { "965", "KW", 7, 8, 3 }, { "966", "SA", 8, 9, 3 }, { "967", "YE", 7, 9, 3 },
    { "968", "OM", 7, 8, 3 }, { "970", "PS", 8, 9, 3 }, { "971", "AE", 5, 12, 3 },
    { "972", "IL", 8, 9, 3 }, { "973", "BH", 8, 8, 3 }, { "974", "QA", 7, 8, 3 },
    { "975", "BT", 7, 8, 3 }, { "976", "MN", 8, 8, 3 }, { "977", "NP", 8, 10, 3 },
    { "979", "", 9, 9, 3 }, { "98", "IR", 10, 10, 2 }, { "992", "TJ", 9, 9, 3 },
    { "993", "TM", 8, 8, 3 }, { "994", "AZ", 9, 9, 3 }, { "995", "GE", 9, 9, 3 },
    { "996", "KG", 9, 9, 3 }, { "998", "UZ", 9, 9, 3 },
    /* clang-format on */
};

/* Area codes, each three digits, of one kind. */
static const char canada[] = "204 226 236 249 250 257 263 289 306 343 354 365 367 368 382 387 403 "
                             "416 418 428 431 437 438 450 468 474 506 514 519 548 579 581 584 587 "
                             "600 604 613 639 647 672 683 705 709 742 753 778 780 782 807 819 825 "
                             "867 873 879 902 905 942",
                  toll_free[] = "800 833 844 855 866 877 888", premium[] = "900",
                  personal[] = "500 521 522 523 524 525 526 527 528 529 533 544 566 577 588";

static bool is_among(const char *codes, struct slice digits)
{
    for (; strlen(codes) >= 3; codes += codes[3] ? 4 : 3)
        if (digits.len >= 3 && memcmp(codes, digits.ptr, 3) == 0)
            return true;
    return false;
}

/* N11 are services; neither area nor exchange codes begin with 0 or 1. */
static bool is_code(struct slice digits, size_t at)
{
    const char *code = digits.ptr + at;
    return code[0] >= '2' && !(code[1] == '1' && code[2] == '1');
}

static void look_closer(struct number_plan *out)
{
    static const struct {
        const char *codes, *type;
    } kinds[] = { { toll_free, "Toll Free" },
                  { premium, "Premium Rate" },
                  { personal, "Personal" } };
    struct slice digits = out->digits;
    out->type = "Fixed Line or Mobile"; /* numbers are ported from one to the other */
    if (is_among(canada, digits))
        snprintf(out->country, sizeof out->country, "CA");
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (is_among(kinds[i].codes, digits))
            out->type = kinds[i].type;
    if (!out->is_possible)
        return;
    out->is_valid = is_code(digits, 0) && is_code(digits, 3);
    snprintf(out->national, sizeof out->national, "(%.3s) %.3s-%.4s", digits.ptr, digits.ptr + 3,
             digits.ptr + 6);
    snprintf(out->elsewhere, sizeof out->elsewhere, "+1 %.3s-%.3s-%.4s", digits.ptr, digits.ptr + 3,
             digits.ptr + 6);
}

static bool is_e164(struct slice number)
{
    for (size_t i = 1; i < number.len; i++)
        if (!isdigit((unsigned char)number.ptr[i]))
            return false;
    return number.len > 1 && number.len <= NATIONAL_MAX + 1 && number.ptr[0] == '+';
}

bool number_plan_read(struct slice number, struct number_plan *out)
{
    size_t best = COUNT_OF(plans);
    if (!is_e164(number))
        return false;
    struct slice all = slice_from(number, 1);
    for (size_t i = 0; i < COUNT_OF(plans); i++)
        if (slice_starts(all, slice_of(plans[i].prefix)) &&
            (best == COUNT_OF(plans) || strlen(plans[i].prefix) > strlen(plans[best].prefix)))
            best = i;
    if (best == COUNT_OF(plans))
        return false;
    *out =
        (struct number_plan){ .digits = slice_from(all, plans[best].code_len), .type = "Unknown" };
    size_t len = out->digits.len;
    snprintf(out->country, sizeof out->country, "%s", plans[best].country);
    snprintf(out->code, sizeof out->code, "%.*s", plans[best].code_len, plans[best].prefix);
    out->is_possible = len >= plans[best].low && len <= plans[best].high;
    out->is_valid = out->is_possible;
    snprintf(out->national, sizeof out->national, "%.*s", SLICE_ARG(out->digits));
    snprintf(out->elsewhere, sizeof out->elsewhere, "+%s %.*s", out->code, SLICE_ARG(out->digits));
    if (strcmp(out->code, "1") == 0)
        look_closer(out);
    return true;
}
