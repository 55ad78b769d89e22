"""What can be wrong with a rule file, and what to do about it, in both languages.

Each entry: the problem and its remedy in English, then the two in Japanese. {…} are filled in.
"""

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

_PROBLEMS = {
    # Signs and words
    "quote sign": (
        "The quotation mark {mark} is not a plain one.",
        "Write ' or \" in half width.",
        "引用符 {mark} は使えません。",
        "半角の ' か \" で囲んでください。",
    ),
    "quote open": (
        "The quotation mark {mark} is not closed on this line.",
        "Add {mark} at the end of the text.",
        "引用符 {mark} がこの行で閉じていません。",
        "文字列の終わりに {mark} を付けてください。",
    ),
    "quote joined": (
        "{text} is directly followed by {next}",
        "A string stands alone, with spaces around it: it is no part of +, near( ) or -->. "
        "Write the whole text in one pair of quotation marks, and {mark}{mark} for {mark} in it.",
        "{text} の直後に {next} があります。",
        "文字列は単独で、前後に空白を入れて書きます(+、near( )、--> とは組めません)。"
        "全体を一組の引用符で囲み、中の {mark} は {mark}{mark} と書いてください。",
    ),
    "quote empty": (
        "There is nothing between the quotation marks.",
        "Write the text to look for.",
        "引用符の中が空です。",
        "探す文字列を書いてください。",
    ),
    "parenthesis inside": (
        "A parenthesis opens inside {text}",
        "Put an operator and spaces before the parenthesis; "
        'a word with parentheses is written in " ".',
        "{text} の中で括弧が開いています。",
        '括弧の前に演算子と空白を入れてください。括弧を含む語は " " で囲みます。',
    ),
    "asterisk": (
        "{text} looks like a code, but stands inside a condition.",
        "The name of a code starts its line; a reference to it is written <*name>; "
        "for multiplication put spaces around *.",
        "条件の中に、コード名らしい {text} があります。",
        "コード名は行の先頭に書きます。他のコードを使うときは <*コード名> と書き、"
        "掛け算なら * の前後に空白を入れてください。",
    ),
    "sign": (
        "{text} cannot be understood.",
        "The operators are | & ! ( ) + - * / == > >= < <= with spaces around them; "
        '"not equal" is: not ( a == b ). A word with such signs is written in " ".',
        "{text} は読み取れません。",
        "使える演算子は | & ! ( ) + - * / == > >= < <= で、前後に空白を入れます。"
        '「等しくない」は not ( a == b ) です。こうした記号を含む語は " " で囲んでください。',
    ),
    "phrase": (
        "{text} is no phrase: + joins words only.",
        "Write A+B; a string in quotation marks stands alone; a word with + in it is written "
        '"C++"; for addition put spaces around +.',
        "{text} は語の連続になっていません。+ でつなげるのは語だけです。",
        "語A+語B のように書いてください。'文字列' は単独で、+ を含む語は \"C++\" のように、"
        "足し算なら + の前後に空白を入れて書きます。",
    ),
    "arrow": (
        "{text} is not written as a word with arrows.",
        "Write word-->part of speech, word->conjugation form or word=>surface; the last two may "
        "follow a part of speech; + and quotation marks cannot be used.",
        "{text} は品詞や活用形の指定になっていません。",
        "語-->品詞、語->活用形、語=>表層 のように書いてください(後の二つは品詞の後にも付きます)。"
        "+ や引用符とは組めません。",
    ),
    "part of speech": (
        "There is no part of speech {text}.",
        "Use one of: {known}",
        "「{text}」という品詞はありません。",
        "次のどれかを使ってください: {known}",
    ),
    "inflection": (
        "There is no conjugation form {text}.",
        "Use one of: {known}",
        "「{text}」という活用形はありません。",
        "次のどれかを使ってください: {known}",
    ),
    "column": (
        "{text} is no condition on a column.",
        'Write <>column-->value, without spaces, or "<>column-->value" with spaces inside.',
        "{text} は外部変数の条件になっていません。",
        '<>変数名-->値 と空白なしで、空白を含むなら "<>変数名-->値" と書いてください。',
    ),
    "code": (
        "{text} is no reference to a code.",
        "Write <*name> with the asterisk, and a space after it; "
        'for "less than" put spaces around <.',
        "{text} は他のコードの指定になっていません。",
        "<*コード名> のように * を付け、後に空白を入れてください。"
        "「より小さい」なら < の前後に空白を入れます。",
    ),
    # near( ) and seq( )
    "near open": (
        "{name}( is not closed on this line.",
        "Write {name}(A-B).",
        "{name}( がこの行で閉じていません。",
        "{name}(語A-語B) のように書いてください。",
    ),
    "near joined": (
        "{text} is directly followed by {next}",
        "Options stand in square brackets: {name}(A-B)[b10].",
        "{text} の直後に {next} があります。",
        "範囲は角括弧で、{name}(語A-語B)[b10] のように書いてください。",
    ),
    "near words": (
        "{text} needs two or more words joined by hyphens, and nothing else.",
        "Write {name}(A-B) with half-width hyphens; strings in quotation marks, + and --> "
        "cannot stand inside.",
        "{text} の中には、ハイフンでつないだ二つ以上の語だけを書けます。",
        "{name}(語A-語B) のように半角ハイフンでつないでください。"
        "'文字列'、+、--> は中に書けません。",
    ),
    "near twice": (
        "{text} names the same word twice.",
        "Name different words; that a word comes twice is written: word >= 2.",
        "{text} に同じ語が二度あります。",
        "違う語を書いてください。同じ語が 2 回出る条件は「語 >= 2」です。",
    ),
    "near option": (
        "[{text}] is no option of {name}( ).",
        "Write [20] for 20 words, [b] or [b20] within a sentence, [d] or [d20] within a paragraph; "
        "0 is any distance.",
        "[{text}] は {name}( ) の範囲の指定ではありません。",
        "[20] は 20 語以内、[b] [b20] は同じ文の中、[d] [d20] は同じ段落の中です。"
        "0 は語数の制限なしです。",
    ),
    # Conditions
    "two conditions": (
        "There is no operator between {left} and {right}",
        "Write and (&) or or (|) between them; a word with a space in it is written in ' '.",
        "{left} と {right} の間に演算子がありません。",
        "間に and (&) か or (|) を書いてください。空白を含む文字列は ' ' で囲みます。",
    ),
    "operand": (
        "A condition is missing at {text}",
        "Write a word or another condition there.",
        "{text} のところに条件がありません。",
        "そこに語などの条件を書いてください。",
    ),
    "operand end": (
        "The condition ends after {text}",
        "Write a word or another condition after it.",
        "条件が {text} で終わっています。",
        "その後に語などの条件を書いてください。",
    ),
    "parenthesis open": (
        "This parenthesis is not closed.",
        "Add ) where the group ends.",
        "この括弧が閉じていません。",
        "まとまりの終わりに ) を書いてください。",
    ),
    "parenthesis closed": (
        "This ) closes nothing.",
        "Take it out, or add ( where the group starts.",
        "この ) に対応する ( がありません。",
        "取り除くか、まとまりの始めに ( を書いてください。",
    ),
    "comparisons": (
        "Two comparisons follow one another at {text}",
        "Join them: ( 2 <= word ) and ( word <= 5 ).",
        "{text} で比較が続いています。",
        "( 2 <= 語 ) and ( 語 <= 5 ) のように and でつないでください。",
    ),
    "number": (
        "A number alone is no condition.",
        'Compare it with something (word >= 2); to look for it in the text write "2020".',
        "数だけでは条件になりません。",
        '語 >= 2 のように比べてください。語としての数は "2020" と囲んで書きます。',
    ),
    "nesting": (
        "Parentheses are nested too deeply.",
        "Give parts of the condition codes of their own and refer to them with <*name>.",
        "括弧の入れ子が深すぎます。",
        "条件の一部を別のコードにして、<*コード名> で使ってください。",
    ),
    # Codes
    "no codes": (
        "There is no code in this file.",
        "Write the name of each code after * at the start of a line, its condition below it.",
        "コードが一つもありません。",
        "コード名は行頭に * を付けて書き、条件はその下の行に書いてください。",
    ),
    "before code": (
        "A condition stands before the first code.",
        "Write the name of its code, *name, on the line above it.",
        "最初のコード名より前に条件があります。",
        "その上の行にコード名を *コード名 と書いてください。",
    ),
    "no name": (
        "This code has no name.",
        "Write the name after the asterisk.",
        "コード名がありません。",
        "* の後にコード名を書いてください。",
    ),
    "no condition": (
        "The code *{name} has no condition.",
        "Write it on the lines below the name; lines that start with # are comments.",
        "コード *{name} に条件がありません。",
        "コード名の下の行に条件を書いてください。# で始まる行はコメントです。",
    ),
    "same name": (
        "The code *{name} is defined twice; the first is on line {first}.",
        "Give one of them another name.",
        "コード *{name} が二度定義されています(一度目は {first} 行目)。",
        "どちらかの名前を変えてください。",
    ),
    "unknown code": (
        "There is no code *{name}.",
        "The codes of this file are: {known}",
        "コード *{name} はありません。",
        "このファイルのコード: {known}",
    ),
    "circle": (
        "The codes refer to each other in a circle: {circle}.",
        "Take one of the references out.",
        "コードが互いを参照して循環しています: {circle}。",
        "参照のどれかを取り除いてください。",
    ),
    "damaged": (
        "This line cannot be read as {encoding}.",
        "Save the file as UTF-8, or name its encoding.",
        "この行は {encoding} として読めません。",
        "UTF-8 で保存し直すか、文字コードを指定してください。",
    ),
    "not text": (
        "This is not a text file.",
        "Save the rules as plain text in UTF-8.",
        "テキストファイルではありません。",
        "ルールを UTF-8 のテキスト形式で保存してください。",
    ),
    # Columns of the data
    "unknown column": (
        "The data has no column {name}.",
        "Its columns are: {known}",
        "データに「{name}」という列はありません。",
        "列: {known}",
    ),
    "no headings": (
        "The data has no headings of level {level}.",
        "Headings are read from a column named {known}",
        "データにレベル {level} の見出しがありません。",
        "見出しは次の名前の列から読みます: {known}",
    ),
}


def bad_rule(key: str, file: str | None, line: int | None, **values: object) -> BadInput:
    """The error of that kind at that line, its sentences filled in."""
    problem, remedy, problem_ja, remedy_ja = (text.format(**values) for text in _PROBLEMS[key])
    return BadInput(tr(problem, problem_ja), remedy=tr(remedy, remedy_ja), file=file, row=line)
