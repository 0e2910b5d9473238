import { many, type Queryable, type Sql, sql } from "@mosis/postgres";
import { Nullable } from "@mosis/types/formats";
import Type from "typebox";

const Correction = Type.Object({ given: Type.String(), word: Nullable(Type.String()) });

/**
 * Returns each word of a folded text: unchanged when there are apps that have it, or else the most similar
 * word of names and tags; among equally similar ones the one that more apps have; null when there is none. A
 * text in a script without spaces is one word, and stays as it is.
 */
export function findCorrections(db: Queryable, text: string) {
  return many(
    db,
    Correction,
    sql`
      select given, coalesce(
        case when given ~ ('[' || unspaced_scripts() || ']')
               or exists (select from published_app_terms where term = ${termOf(sql`given`)}) then given end,
        (select word
         from (select word, similarity(word, given) as likeness from published_words
               where word % given order by likeness desc, word limit 5) alike
         order by round(likeness::numeric, 1) desc,
                  (select count(*) from (select from published_app_terms
                                         where term = ${termOf(sql`word`)} limit 100) apps) desc, word
         limit 1)) as word
      from (select given
            from string_to_table(search_text(${text}::text), ' ') with ordinality parts (given, place)
            where search_words(given, false) <> ''
            order by place limit ${correctedWordsMax}) words`,
  );
}

/**
 * The number of words that are corrected. To find a similar word costs 0.3 ms.
 * @limit words of a search that are corrected
 */
const correctedWordsMax = 4;

/** The indexed term of a word. */
function termOf(word: Sql): Sql {
  return sql`'w:' || (tsvector_to_array(search_words(${word}, false)))[1]`;
}
