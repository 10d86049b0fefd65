/* engine_names.h - short names of the engine of precision P, for files that are a template over T. */
#define EN(name) IL_CAT3(il_engine, name, P)
#define SET IL_CAT3(il, kernel_set, P)
#define CONTRACTION IL_CAT3(il, contraction, P)
#define SHALLOW IL_CAT3(il, shallow, P)
#define UPDATE IL_CAT3(il, update, P)
