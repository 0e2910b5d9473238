-- Up Migration
-- What a name looks like (UTS #39 §4, whose table this is, as far as it leads to one Latin letter): names in
-- other alphabets, in full width, in mathematical letters and with accents that look alike are one. Case does
-- not count, so i, l, I, 1 and | are one, and so are rn and m.
create function name_skeleton(name text) returns text
language sql immutable strict parallel safe as $$
  select replace(
    translate(
      lower(regexp_replace(
        normalize(name, nfkd),
        '[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f' ||
        '\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e' ||
        '\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]', '', 'g') collate pg_catalog.pg_c_utf8),
      '01i|¢¥×ðøđħıłŧƀƃƅƌƍƒƙƚƞƥƨƭƴƶƻƽǀǥȝȣȥȼɇɉɍɏ' ||
      'ɑɓɖɗɜɠɡɣɦɨɩɪɫɭɯɲɳɵɼɽʀʂʈʉʋʏʐʒʝʠαβγεζηθικμ' ||
      'νορςστυχϝϩϳϻабвгезкмнорстухьѕіјћѡѣѳѵѽҍғҙ' ||
      'қҟңҫҭүұҳһҽҿӈӊӎӏӡөԁԍԛԝագզհոռստցքօ׀וטןסاه١' ||
      '٥٧ٳھہە۱۵۷ۿ߀ߊ०০৪৭੦੧੪૦ଃଠ୦୨௦ం౦ಂ೦ംഠ൦൭ං๐໐ဝ၀ყჿ' ||
      'ሀዐᏺᏻᏼᐯᑌᑭᑯᒍᒪᒿᕁᕼᕽᖇᖯᖴᗅᗞᗪᗰᗷ᙭᙮ᚷᛁᛕᛖᴄᴏᴑᴜᴠᴡᴢᴦᵮᵰᵲ' ||
      'ᵴᵵᵶᵻᵼᵽᵾᶃᶌẝỿ₡₩₫₭₮℮∣∨∪⊖⊝⊤⋁⋃⋿⍡⍬⍳⍴⍶⍸⍺⏽│╳⟙⤫⤬⨯' ||
      '⨰ⱦⱨⱪⲅⲏⲓⲕⲙⲛⲟⲣⲥⲧⲩⲭⳋⳍⳑⳓⴱⴸⴹⵁⵏⵔⵕⵝ〇ꓐꓑꓒꓓꓔꓖꓗꓙꓚꓜꓝ' ||
      'ꓟꓠꓡꓢꓣꓦꓧꓪꓫꓬꓮꓰꓲꓳꓴꙅꙇꚕꛟꛯꜱꝁꝋꝛꝡꝫꝯꞙꞟꞵꬲꬵꬽꬾꭇꭈꭎꭒꭓꭚ' ||
      'ꭰꭱꭲꭴꭵꭹꭺꭻꭼꮁꮃꮇꮋꮍꮎꮐꮒꮓꮜꮞꮟꮢꮤꮥꮩꮪꮮꮯꮲꮶꮷꮻꮾ𐆎𐆖𐆗𐊂𐊆𐊇𐊊' ||
      '𐊐𐊒𐊕𐊖𐊗𐊠𐊡𐊢𐊥𐊫𐊰𐊱𐊲𐊴𐋏𐋵𐌁𐌂𐌉𐌑𐌕𐌗𐌚𐌠𐌢𐐬𐐽𐑃𐑈𐓜𐓪𐓶𐓺𐔓𐔖𐔘𐔜𐔝𐔥𐔦' ||
      '𐔧𑓅𑓐𑜆𑜊𑜎𑜏𑣀𑣁𑣂𑣃𑣄𑣆𑣈𑣉𑣊𑣌𑣎𑣏𑣒𑣕𑣖𑣗𑣘𑣛𑣜𑣠𑣥𑣦𑣩𑣬𑣯𑣲𖼈𖼊𖼖𖼨𖼵𖼺𖼻' ||
      '𖽀𖽂𖽃𝈆𝈍𝈒𝈓𝈖𝈚𝈪𞣇𞣋🜈🜔🝌🝨',
      'olllcyxdodhlltbbbdgfklnp2tyz25lg38zcejryabdd3ggyhlllllwnnorrrstuuyz3jqabyezholkm' ||
      'nopcctuxf2jma6bre3kmhopctyxbsljhwbovwbr3kkhctyyxheehhml3odgqwwqqhnnusgfollvlolol' ||
      'ovlooolovooloo89o98o8oo9oooooooo9oooooyouohgbvupdjl2xhxrbfaddmbxxxlkmcoouvwzrfnr' ||
      'stzllpugyfycwdktelvuootvuetolpalallxtxxxxthkrhlkmnopctyx93l6oveoloqxobpddtgkjczf' ||
      'mnlsrvhwxyaelou2lhv2sko2w39fubefoorruuxydrtolyajerwmhyoghzu4brwsvslcpkdo6nxvbefl' ||
      'xopstabcfomtyxhzbclmtx8lxoclsrou7nokcvflxwovwwwvsfly7oz39e4l69ou5tozwcxwcvtllrs3' ||
      'auy3v7froll8voct'),
    'rn', 'm')
$$;

create index apps_published_skeletons on apps using gin (name_skeleton(name) gin_trgm_ops)
  where status = 'published';

create or replace view published_app_names as
  select developer_id, package_id, name, name_skeleton(name) as skeleton from apps where status = 'published';

-- Down Migration
drop view published_app_names;
create view published_app_names as select developer_id, package_id, name from apps where status = 'published';
grant select on published_app_names to mosis_api;
drop index apps_published_skeletons;
drop function name_skeleton(text);
