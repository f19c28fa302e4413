# SPDX-License-Identifier: Apache-2.0
"""Header words by which columns are recognised: English, Hindi, Marathi, Telugu, Malayalam, Armenian, Russian, common exports."""

WORDS: dict[str, tuple[str, ...]] = {
    "order": (
        "order", "order id", "order no", "order number", "invoice", "invoice no", "invoice number", "invoiceno", "bill no", "bill number", "bill",
        "receipt", "receipt no", "receipt number", "basket id", "basket", "transaction id", "voucher no", "cheque", "sale id", "name",
        "बिल नंबर", "बिल संख्या", "चालान संख्या", "ऑर्डर संख्या", "बिल क्रमांक", "पावती क्रमांक", "ऑर्डर क्रमांक", "బిల్లు నంబర్", "ఆర్డర్ నంబర్", "రసీదు నంబర్",
        "ബിൽ നമ്പർ", "ഓർഡർ നമ്പർ", "രസീത് നമ്പർ", "կտրոն", "կտրոնի համար", "պատվեր", "պատվերի համար", "հաշիվ", "чек", "номер чека", "заказ", "номер заказа",
    ),
    "time": (
        "date", "time", "datetime", "date time", "timestamp", "invoice date", "invoicedate", "order date", "bill date", "created at", "sale date",
        "transaction date", "transaction timestamp", "receipt date", "paid at", "completed at",
        "तारीख", "दिनांक", "तिथि", "समय", "बिल तारीख", "తేదీ", "బిల్లు తేదీ", "തീയതി", "തിയതി", "ബിൽ തീയതി", "ամսաթիվ", "օր", "дата", "дата и время", "дата чека",
    ),
    "clock": ("time", "hour", "order time", "bill time", "वेळ", "समय", "సమయం", "സമയം", "ժամ", "время"),
    "sku": (
        "sku", "product code", "item code", "stock code", "stockcode", "product id", "article", "barcode", "ean", "lineitem sku", "variant sku", "code",
        "उत्पाद कोड", "कोड", "वस्तू कोड", "उत्पादन कोड", "వస్తువు కోడ్", "ఉత్పత్తి కోడ్", "ഉൽപ്പന്ന കോഡ്", "കോഡ്", "ապրանքի կոդ", "կոդ", "артикул", "код товара", "код",
    ),
    "product_name": (
        "product", "product name", "item", "item name", "description", "lineitem name", "title", "goods", "product type",
        "उत्पाद", "वस्तु", "वस्तू", "उत्पादन", "वस्तूचे नाव", "వస్తువు", "ఉత్పత్తి", "ഉൽപ്പന്നം", "സാധനം", "ապրանք", "անվանում", "товар", "наименование", "название",
    ),
    "category": (
        "category", "product category", "department", "group", "item group", "श्रेणी", "वर्ग", "प्रवर्ग", "వర్గం", "వర్గము", "വിഭാഗം", "կատեգորիա", "խումբ", "категория", "группа",
    ),
    "quantity": (
        "quantity", "qty", "count", "pieces", "units", "lineitem quantity", "मात्रा", "संख्या", "नग", "पరिమాణం", "పరిమాణం", "అളവ്", "അളവ്", "എണ്ണം", "քանակ", "количество", "кол-во",
    ),
    "amount": (
        "amount", "total", "line total", "total amount", "net amount", "sales value", "sum", "value", "grand total", "net sales", "line amount",
        "राशि", "कुल", "कुल राशि", "रक्कम", "एकूण", "एकूण रक्कम", "మొత్తం", "തുക", "ആകെ", "ആകെ തുക", "գումար", "ընդամենը", "сумма", "итого",
    ),
    "unit_price": (
        "price", "unit price", "unitprice", "rate", "item price", "lineitem price", "mrp", "कीमत", "मूल्य", "दर", "भाव", "किंमत", "ధర", "വില", "գին", "цена",
    ),
    "discount": ("discount", "discount amount", "retail disc", "line discount", "छूट", "सवलत", "తగ్గింపు", "రాయితీ", "കിഴിവ്", "ഇളവ്", "զեղչ", "скидка"),
    "currency": ("currency", "currency code", "मुद्रा", "चलन", "కరెన్సీ", "കറൻസി", "արժույթ", "валюта"),
    "kind": (
        "transaction type", "type", "kind", "receipt type", "return", "is return", "refund", "voucher type",
        "प्रकार", "वापसी", "परतावा", "రకం", "వాపసు", "തരം", "മടക്കം", "տեսակ", "վերադարձ", "тип", "возврат",
    ),
    "returned_order": ("original order", "refund for", "original invoice", "return of", "returned order"),
    "store": (
        "store", "store id", "shop", "branch", "outlet", "location", "pos location", "दुकान", "शाखा", "దుకాణం", "శాఖ", "കട", "ശാഖ", "խանութ", "մասնաճյուղ", "магазин", "филиал",
    ),
    "external": (
        "customer id", "customerid", "client id", "member id", "household id", "customer number", "record id", "id", "ग्राहक आईडी", "ग्राहक क्रमांक",
        "కస్టమర్ ఐడి", "కస్టమర్ సంఖ్య", "ഉപഭോക്തൃ ഐഡി", "հաճախորդի կոդ", "հաճախորդի համար", "код клиента", "id клиента",
    ),
    "card": ("card", "card number", "loyalty card", "member card", "card no", "कार्ड", "कार्ड नंबर", "కార్డ్", "కార్డు నంబర్", "കാർഡ്", "കാർഡ് നമ്പർ", "քարտ", "քարտի համար", "карта", "номер карты"),
    "phone": (
        "phone", "phone no", "phone number", "mobile", "mobile no", "mobile number", "tel", "telephone", "cell", "whatsapp", "contact no", "phone raw",
        "फोन", "फ़ोन", "मोबाइल", "मोबाइल नंबर", "मोबाईल", "मोबाईल नंबर", "ఫోన్", "మొబైల్", "ఫోన్ నంబర్", "ഫോൺ", "മൊബൈൽ", "ഫോൺ നമ്പർ", "հեռախոս", "բջջային", "հեռախոսահամար", "телефон", "мобильный",
    ),
    "email": ("email", "e-mail", "e mail", "email address", "mail", "email raw", "ईमेल", "ई-मेल", "ఈమెయిల్", "ఇమెయిల్", "ഇമെയിൽ", "էլ. փոստ", "էլփոստ", "էլ փոստ", "почта", "эл. почта"),
    "name": (
        "name", "full name", "customer name", "customer", "client", "party name", "member name", "नाम", "नाव", "ग्राहक", "ग्राहक का नाम", "ग्राहकाचे नाव",
        "పేరు", "కస్టమర్ పేరు", "പേര്", "ഉപഭോക്താവ്", "անուն", "հաճախորդ", "անուն ազգանուն", "клиент", "имя", "покупатель", "фио",
    ),
    "first_name": ("first name", "firstname", "given name", "पहला नाम", "पहिले नाव", "మొదటి పేరు", "ആദ്യനാമം", "имя"),
    "last_name": ("last name", "lastname", "surname", "family name", "उपनाम", "आडनाव", "ఇంటి పేరు", "കുടുംബപ്പേര്", "ազգանուն", "фамилия"),
    "language": ("language", "lang", "locale", "preferred language", "भाषा", "భాష", "ഭാഷ", "լեզու", "язык"),
    "birthday": (
        "birthday", "birth date", "date of birth", "dob", "birthdate", "birth raw", "जन्मदिन", "जन्म तिथि", "जन्मतारीख", "పుట్టిన తేదీ", "పుట్టినరోజు", "ജനനത്തീയതി", "ജന്മദിനം", "ծննդյան օր", "ծնունդ", "дата рождения",
    ),
    "tags": ("tags", "tag", "labels", "groups", "टैग", "టాగ్‌లు", "ടാഗുകൾ", "պիտակներ", "теги", "метки"),
    "country": ("country", "country code", "default address country code", "cc", "देश", "దేశం", "രാജ്യം", "երկիր", "страна"),
}  # fmt: skip

CONSENT_WORDS = (
    "consent", "accepts", "opt in", "optin", "optin time", "opted", "subscribed", "marketing", "unsub", "sms consent", "सहमति", "संमती", "సమ్మతి", "സമ്മതം", "համաձայնություն", "согласие",
)  # fmt: skip
