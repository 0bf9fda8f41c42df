"""How people put danger into a few words, by language and kind of threat.

French, English and Arabic are as such messages are written; Sango (sg) and Lingala (ln) are approximate and short, made
for exercises and not as a language resource. Fields: {place}, {number}, {when}, {who}.
"""

LANGUAGES = ("fr", "en", "ar", "sg", "ln")

WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "fr": {
        "attack": (
            "attaque à {place} {when}, {number} morts",
            "{who} ont attaqué {place}, il y a {number} tués",
            "on tire à {place} {when} aidez nous",
            "tirs nourris {place}, les gens fuient, peut etre {number} morts",
        ),
        "armed presence": ("{who} vus près de {place} {when}", "{number} hommes armés sur la route de {place}"),
        "looting": ("pillage au marché de {place} {when}", "{who} pillent les maisons à {place}"),
        "abduction": ("{number} personnes enlevées à {place} {when}", "{who} ont pris {number} jeunes à {place}"),
        "road block": ("barrière de {who} sur l'axe {place}", "route coupée à {place}, ils demandent l'argent"),
        "cattle raid": ("vol de {number} boeufs à {place} {when}", "{who} ont pris les troupeaux vers {place}"),
        "displacement": ("{number} familles arrivent de {place}", "la population de {place} fuit en brousse {when}"),
    },
    "en": {
        "attack": (
            "attack in {place} {when}, {number} dead",
            "{who} attacked {place}. {number} killed",
            "shooting now at {place} pls send help",
        ),
        "armed presence": ("{who} seen near {place} {when}", "{number} armed men on the road to {place}"),
        "looting": ("{who} looting the market of {place}", "houses looted in {place} {when}"),
        "abduction": ("{number} people abducted at {place} {when}", "{who} took {number} boys from {place}"),
        "road block": ("{who} put a road block at {place}", "road to {place} closed, they take money"),
        "cattle raid": ("{number} cows taken near {place} {when}", "{who} stole cattle {place}"),
        "displacement": ("{number} families coming from {place}", "people running from {place} {when}"),
    },
    "ar": {
        "attack": (
            "هجوم على {place} {when}، {number} قتلى",
            "{who} هاجموا {place} وقتلوا {number}",
            "إطلاق نار في {place} الآن",
        ),
        "armed presence": ("{who} قرب {place} {when}", "{number} مسلحين في طريق {place}"),
        "looting": ("نهب السوق في {place} {when}", "{who} ينهبون البيوت في {place}"),
        "abduction": ("خطف {number} أشخاص في {place} {when}", "{who} خطفوا {number} من {place}"),
        "road block": ("{who} قطعوا الطريق عند {place}", "حاجز في طريق {place}"),
        "cattle raid": ("سرقة {number} بقرة قرب {place} {when}", "{who} أخذوا الأبقار من {place}"),
        "displacement": ("{number} عائلات نزحت من {place}", "الناس يهربون من {place} {when}"),
    },
    "sg": {
        "attack": ("{who} a fâ azo {number} na {place} {when}", "bira na {place}, azo {number} a kui"),
        "armed presence": ("{who} ayeke na {place} {when}", "azo ti ngombe {number} na lege ti {place}"),
        "looting": ("{who} a nzi ye na {place} {when}",),
        "abduction": ("{who} a gbu azo {number} na {place} {when}",),
        "road block": ("{who} a kanga lege ti {place}",),
        "cattle raid": ("{who} a nzi bagara {number} na {place}",),
        "displacement": ("azo ti {place} a kpe na ngonda {when}",),
    },
    "ln": {
        "attack": ("{who} babomi bato {number} na {place} {when}", "bitumba na {place}, bato {number} bakufi"),
        "armed presence": ("{who} bazali na {place} {when}", "bato na minduki {number} na nzela ya {place}"),
        "looting": ("{who} bayibi biloko na {place} {when}",),
        "abduction": ("{who} bakangi bato {number} na {place} {when}",),
        "road block": ("{who} bakangi nzela ya {place}",),
        "cattle raid": ("{who} bayibi bangombe {number} na {place}",),
        "displacement": ("bato ya {place} bazali kokima {when}",),
    },
}

WHEN: dict[str, tuple[str, ...]] = {
    "fr": ("ce matin", "hier soir", "cette nuit", "maintenant", ""),
    "en": ("this morning", "last night", "now", "yesterday", ""),
    "ar": ("هذا الصباح", "أمس", "الليلة الماضية", "الآن", ""),
    "sg": ("fadeso", "biri", "na bï", ""),
    "ln": ("sikoyo", "lobi", "na butu", ""),
}

WHO: dict[str, dict[str, tuple[str, ...]]] = {
    "fr": {
        "state": ("les militaires", "les FA"),
        "rebel": ("les rebelles", "les hommes armés"),
        "militia": ("les miliciens",),
    },
    "en": {"state": ("soldiers", "the army"), "rebel": ("rebels", "armed men"), "militia": ("militia",)},
    "ar": {"state": ("الجيش",), "rebel": ("المتمردون", "مسلحون"), "militia": ("المليشيا",)},
    "sg": {"state": ("aturugu",), "rebel": ("azo ti ngombe", "rebelle"), "militia": ("milice",)},
    "ln": {"state": ("basoda",), "rebel": ("bato na minduki", "barebelle"), "militia": ("bamilice",)},
}

DISTANT: dict[str, str] = {
    "fr": "{km} km {side} de {place}",
    "en": "{km} km {side} of {place}",
    "ar": "{km} كم {side} {place}",
    "sg": "{km} km {place}",
    "ln": "{km} km na {place}",
}

SIDES: dict[str, tuple[str, str, str, str]] = {  # north, east, south, west
    "fr": ("au nord", "à l'est", "au sud", "à l'ouest"),
    "en": ("north", "east", "south", "west"),
    "ar": ("شمال", "شرق", "جنوب", "غرب"),
    "sg": ("", "", "", ""),
    "ln": ("", "", "", ""),
}
