# SPDX-License-Identifier: Apache-2.0
"""Common given and family names per script; people are made by combining them at random, and nobody real is meant."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NameStock:
    """Names of one community: what a profile of its language is named from."""

    language: str
    given: tuple[str, ...]
    family: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


HINDI = NameStock(
    language="hi",
    given=_words(
        """
        आरती पूजा नेहा रितु कविता सुनीता मीना राधिका अंजलि शालिनी निधि स्वाति श्वेता मंजू
        सीमा उषा ज्योति रश्मि ममता बबीता राजेश सुरेश विकास दीपक विवेक आलोक नितिन पंकज मुकेश
        दिनेश राकेश अशोक गौरव सौरभ हेमंत विनय अजय नवीन प्रमोद कमल
        """
    ),
    family=_words(
        """
        गुप्ता अग्रवाल मिश्रा तिवारी वर्मा सिंह जैन सक्सेना चौहान पांडेय श्रीवास्तव त्रिपाठी
        बंसल दुबे माथुर गोयल शुक्ला राठौर सोलंकी
        """
    ),
)
MARATHI = NameStock(
    language="mr",
    given=_words(
        """
        अनघा मृणाल सायली वैशाली मानसी गौरी शुभांगी स्नेहल प्राजक्ता मधुरा अश्विनी मेघना
        सुप्रिया वर्षा नंदिनी कल्याणी रोहिणी सविता प्रसाद मंदार संदीप निलेश अभिजीत सागर
        तुषार ओंकार महेश स्वप्निल केदार समीर अमोल विनायक यशवंत चिन्मय सुहास प्रशांत
        """
    ),
    family=_words(
        """
        कुलकर्णी जोशी देशपांडे पाटील जाधव मोरे गायकवाड भोसले कदम साळुंखे गोखले आपटे चव्हाण
        देशमुख काळे सावंत निकम लोखंडे फडके
        """
    ),
)
TELUGU = NameStock(
    language="te",
    given=_words(
        """
        లక్ష్మి పద్మ సుజాత స్వాతి శ్రావణి అనూష మౌనిక హారిక దివ్య కావ్య రమ్య సంధ్య శైలజ భవాని
        వాణి మాధవి సరిత ఉమ వెంకటేష్ రమేష్ సురేష్ శ్రీనివాస్ కిరణ్ సతీష్ నరేష్ ప్రవీణ్ రవి
        మురళి గోపాల్ భాస్కర్ అనిల్ వంశీ చైతన్య నవీన్ రాజేష్ మధు
        """
    ),
    family=_words(
        """
        రెడ్డి రావు నాయుడు గౌడ్ చౌదరి మూర్తి ప్రసాద్ యాదవ్ శర్మ వర్మ కొండా బొల్లినేని పోతుల
        గుండు దాసరి మేకల
        """
    ),
)
MALAYALAM = NameStock(
    language="ml",
    given=_words(
        """
        അനിത ബിന്ദു രമ്യ സ്മിത ശ്രീജ ദീപ അഞ്ജു സിന്ധു ലത മിനി ആതിര നീതു രേഷ്മ ഗീത ഷൈനി
        ജയശ്രീ സന്ധ്യ പ്രിയ സുനിൽ വിനോദ് സജി രാജേഷ് പ്രദീപ് ഷിബു മനോജ് ജയൻ സന്തോഷ് അരുൺ
        വിഷ്ണു റെജി ബാബു സതീഷ് അജിത് ഗിരീഷ് നിഖിൽ ജോബി
        """
    ),
    family=_words(
        """
        നായർ മേനോൻ പിള്ള വർമ്മ കുറുപ്പ് തോമസ് ജോസഫ് വർഗീസ് മാത്യു കുര്യൻ ജോർജ്ജ് ചാക്കോ
        നമ്പ്യാർ പണിക്കർ വാര്യർ എബ്രഹാം
        """
    ),
)
INDIAN_LATIN = NameStock(
    language="en",
    given=_words(
        """
        Nadia Rehana Nasreen Tariq Faisal Javed Yasmin Alison Joel Maria Savio Lynette
        Denzil Melissa Roshan Anu Tessa Kevin Priya Harsh Ishita Karan Tanvi Rhea Aditya
        Meher Zubin Farida
        """
    ),
    family=_words(
        """
        Fernandes Pereira Pinto Rodrigues Lobo Mascarenhas Qureshi Ansari Mirza Siddiqui
        Shah Mehta Desai Daruwala Nair Iyer
        """
    ),
)
ARMENIAN = NameStock(
    language="hy",
    given=_words(
        """
        Անի Լիլիթ Մարիամ Նարե Սոնա Գայանե Հասմիկ Նունե Արփինե Աստղիկ Լուսինե Շուշան Մանե
        Տաթև Հռիփսիմե Անահիտ Էլեն Նազելի Ռուզան Սիրանուշ Կարինե Մելինե Դավիթ Նարեկ Գոռ Հայկ
        Արմեն Սուրեն Վահե Գևորգ Հովհաննես Գարիկ Սամվել Արսեն Տարոն Մհեր Վարդան Գագիկ Հրայր
        Էդգար Սերոբ Անդրանիկ
        """
    ),
    family=_words(
        """
        Գրիգորյան Հարությունյան Հովհաննիսյան Վարդանյան Ղազարյան Ավետիսյան Դանիելյան
        Գասպարյան Մարտիրոսյան Մելքոնյան Սահակյան Ստեփանյան Միքայելյան Անտոնյան Պողոսյան
        Հակոբյան Գալստյան Բաբայան Եղիազարյան Թորոսյան Զաքարյան Ասատրյան Նազարյան
        """
    ),
)
YEREVAN_LATIN = NameStock(
    language="en",
    given=_words(
        """
        Ani Lilit Narek Davit Elen Gor Sona Mark Julia Peter Clara Tomas Nora Felix Marie
        Daniel Irina Oleg
        """
    ),
    family=_words(
        """
        Avetisyan Grigoryan Petersen Novak Laurent Keller Moreau Hansen Orlova Lind Baker
        Costa Vogel Danielyan
        """
    ),
)
