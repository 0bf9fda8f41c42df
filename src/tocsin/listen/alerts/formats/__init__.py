"""One reader a gateway: `READERS[provider](delivery)` gives the reports of a delivery or says what is wrong with it."""

from collections.abc import Callable

from tocsin.listen.alerts.formats import cap, chat, forms, openrosa, sms
from tocsin.listen.alerts.model import Delivery, Received

Reader = Callable[[Delivery], tuple[Received, ...]]

READERS: dict[str, Reader] = {
    "twilio": sms.read_twilio,
    "africastalking": sms.read_africas_talking,
    "smssync": sms.read_smssync,
    "httpsms": sms.read_httpsms,
    "smsgateway": sms.read_sms_gateway,
    "infobip": sms.read_infobip,
    "generic": sms.read_generic,
    "telegram": chat.read_telegram,
    "rapidpro": chat.read_rapidpro,
    "email": chat.read_email,
    "kobo": forms.read_kobo,
    "radio": forms.read_radio,
    "liaison": forms.read_liaison,
    "openrosa": openrosa.read_openrosa,
    "cap": cap.read_cap,
}

__all__ = ["READERS", "Reader"]
