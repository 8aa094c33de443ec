#include "script/laml_xml.h"

#include <expat.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* Latin-1 may double in UTF-8; nothing else grows. */
enum { TEXT_MAX = 2 * LAML_XML_MAX_BYTES };

struct reader {
    XML_Parser parser;
    json_t *root;
    json_t *open[LAML_XML_MAX_DEPTH]; /* borrowed: each is held by the one before */
    size_t depth, elements;
    char text[TEXT_MAX]; /* since the last tag: it comes in pieces */
    size_t text_len;
    enum err err;
    struct fault *fault;
};

static int line_of(const struct reader *reader)
{
    return (int)XML_GetCurrentLineNumber(reader->parser);
}

static void fail(struct reader *reader, enum err err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void fail(struct reader *reader, enum err err, const char *fmt, ...)
{
    char text[100];
    va_list args;
    if (reader->err)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    reader->err = fault_set(reader->fault, err, "", line_of(reader), "%s", text);
    XML_StopParser(reader->parser, XML_FALSE);
}

static void keep_text(struct reader *reader)
{
    if (reader->text_len && reader->depth)
        json_array_append_new(json_object_get(reader->open[reader->depth - 1], "in"),
                              json_stringn(reader->text, reader->text_len));
    reader->text_len = 0;
}

static void on_start(void *owner, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *reader = owner;
    if (reader->err)
        return;
    if (reader->depth == LAML_XML_MAX_DEPTH) {
        fail(reader, ERR_LIMIT, "more than %d elements within each other", LAML_XML_MAX_DEPTH);
        return;
    }
    if (++reader->elements > LAML_XML_MAX_ELEMENTS) {
        fail(reader, ERR_LIMIT, "more than %d elements", LAML_XML_MAX_ELEMENTS);
        return;
    }
    keep_text(reader);
    json_t *at = json_object();
    for (size_t i = 0; attributes[i]; i += 2)
        json_object_set_new(at, attributes[i], json_string(attributes[i + 1]));
    json_t *element =
        json_pack("{s:s, s:i, s:o, s:[]}", "name", name, "line", line_of(reader), "at", at, "in");
    if (reader->depth)
        json_array_append_new(json_object_get(reader->open[reader->depth - 1], "in"), element);
    else
        reader->root = element;
    reader->open[reader->depth++] = element;
}

static void on_end(void *owner, const XML_Char *name)
{
    struct reader *reader = owner;
    (void)name;
    if (reader->err || !reader->depth)
        return;
    keep_text(reader);
    reader->depth--;
}

static void on_text(void *owner, const XML_Char *text, int len)
{
    struct reader *reader = owner;
    if (reader->err || len <= 0)
        return;
    if ((size_t)len > TEXT_MAX - reader->text_len) {
        fail(reader, ERR_LIMIT, "more than %d bytes of text", TEXT_MAX);
        return;
    }
    memcpy(reader->text + reader->text_len, text, (size_t)len);
    reader->text_len += (size_t)len;
}

/* With a document type come entities, which may grow without end or read files. */
static void on_doctype(void *owner, const XML_Char *name, const XML_Char *system,
                       const XML_Char *public, int has_subset)
{
    (void)name, (void)system, (void)public, (void)has_subset;
    fail(owner, ERR_PARSE, "a document type (<!DOCTYPE) is not allowed");
}

static enum err parse(struct reader *reader, struct slice text)
{
    XML_SetUserData(reader->parser, reader);
    XML_SetElementHandler(reader->parser, on_start, on_end);
    XML_SetCharacterDataHandler(reader->parser, on_text);
    XML_SetStartDoctypeDeclHandler(reader->parser, on_doctype);
    bool parsed = XML_Parse(reader->parser, text.ptr ? text.ptr : "", (int)text.len, 1);
    if (!parsed && !reader->err)
        reader->err = fault_set(reader->fault, ERR_PARSE, "", line_of(reader), "%s",
                                XML_ErrorString(XML_GetErrorCode(reader->parser)));
    return reader->err;
}

enum err laml_xml_parse(struct slice text, json_t **out, struct fault *fault)
{
    if (text.len > LAML_XML_MAX_BYTES)
        return fault_set(fault, ERR_LIMIT, "", 0, "more than %d bytes", LAML_XML_MAX_BYTES);
    struct reader *reader = mem_new(struct reader);
    reader->fault = fault;
    reader->parser = XML_ParserCreate(NULL);
    BUG_IF(!reader->parser); /* as mem_alloc(): there is no memory */
    enum err err = parse(reader, text);
    if (err)
        json_decref(reader->root);
    else
        *out = reader->root;
    XML_ParserFree(reader->parser);
    mem_free(reader);
    return err;
}
