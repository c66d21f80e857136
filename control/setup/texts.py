"""Every sentence of start.py in English and Korean; in braces stand the values."""

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # The steps, and how long they took.
    "welcome": (
        "Setting up in {folder} (only the first time)",
        "{folder}에 설치합니다 (처음 한 번만)",
    ),
    "renew": (
        "The program has changed since the last start: bringing {folder} up to date",
        "프로그램이 바뀌어 설치를 새로 맞춥니다: {folder}",
    ),
    "add": ("Adding to what is in {folder}", "이미 있는 환경에 더 설치합니다: {folder}"),
    "step-environment": ("An environment of its own", "전용 환경 만들기"),
    "step-download": ("Fetching packages into {folder}", "{folder}에 패키지 내려받기"),
    "step-torch": ("PyTorch, {build}", "PyTorch, {build}"),
    "step-libraries": ("Libraries", "라이브러리 설치"),
    "step-check": ("Does it run on this machine?", "이 컴퓨터에서 도는지 확인"),
    "step-weights": ("The neural engine's model files", "신경망 모델 파일"),
    "still": ("{step}: {detail} ({elapsed})", "{step}: {detail} ({elapsed})"),
    "done": ("done in {elapsed}", "완료, {elapsed}"),
    "failed": ("failed after {elapsed}", "실패, {elapsed}"),
    "unpacking": ("unpacking {count} packages", "패키지 {count}개 푸는 중"),
    "ready": (
        "Ready after {elapsed}. The next start takes no time.",
        "준비되었습니다({elapsed}). 다음부터는 바로 시작합니다.",
    ),
    "seconds": ("{seconds} s", "{seconds}초"),
    "minutes": ("{minutes} min {seconds:02d} s", "{minutes}분 {seconds:02d}초"),
    # Questions.
    "ask-libraries": (
        "This downloads about {mb} MB of libraries and needs {disk} GB in {folder}.",
        "라이브러리 약 {mb} MB를 내려받고, {folder}에 {disk} GB를 씁니다.",
    ),
    "ask-torch": (
        "The neural engine needs PyTorch: about {mb} MB more ({build}).",
        "신경망 엔진에는 PyTorch가 필요합니다: 약 {mb} MB 더 ({build}).",
    ),
    "ask-weights": (
        "It needs model files, too: about {mb} MB. Two of them are InsightFace's, for non-commercial research\n"
        "  only; --commercial-ok leaves those out.",
        "모델 파일도 필요합니다: 약 {mb} MB. 그중 둘은 InsightFace의 것으로 비상업적 연구에만 쓸 수 있습니다.\n"
        "  --commercial-ok를 붙이면 그 둘을 빼고 받습니다.",
    ),
    "ask-no-gpu": (
        "No graphics card for it was found here: a picture takes seconds, which will do for films, not for a camera.",
        "쓸 수 있는 그래픽 카드가 없습니다. 한 장에 몇 초씩 걸려서, 카메라로는 어렵고 영상 만들기에만 알맞습니다.",
    ),
    "ask-old-card": (
        "This card ({name}) needs PyTorch's older build, which PyTorch will give up in version 2.15.",
        "이 그래픽 카드({name})에는 PyTorch의 옛 빌드가 필요하며, PyTorch 2.15부터는 나오지 않습니다.",
    ),
    "ask-go-on": ("Go on? [Y/n] ", "계속할까요? [Y/n] "),
    "ask-purge": ("Remove all of this for good? [y/N] ", "모두 완전히 지울까요? [y/N] "),
    "refused": ("Nothing was downloaded.", "아무것도 내려받지 않았습니다."),
    "nobody-to-ask": (
        "There is nobody to ask here. To agree beforehand, type:  {command}",
        "여기서는 물어볼 수 없습니다. 미리 동의하려면:  {command}",
    ),
    "purge-kept": ("Nothing was removed.", "아무것도 지우지 않았습니다."),
    # What was found.
    "waiting": (
        "Another start.py is installing here; waiting for it ...",
        "다른 start.py가 여기에 설치하는 중이라 기다립니다 ...",
    ),
    "cut-off": (
        "The last installation was cut off; starting afresh. What was downloaded is used again.",
        "지난 설치가 도중에 끊겨 새로 시작합니다. 내려받은 것은 다시 씁니다.",
    ),
    "broken": (
        "The environment in {folder} does not run any more ({reason}); making it anew.",
        "환경이 더는 돌지 않아 새로 만듭니다({reason}): {folder}",
    ),
    "foreign": (
        "Installing into the environment that is in {folder} already.",
        "{folder}에 이미 있는 환경에 설치합니다.",
    ),
    "gpu-found": ("PyTorch {version} sees {name}.", "PyTorch {version}: {name} 사용 가능."),
    "gpu-unseen": (
        "PyTorch {version} sees no graphics card; `python3 start.py doctor` says more.",
        "PyTorch {version}에서 그래픽 카드가 보이지 않습니다. `python3 start.py doctor`로 확인하세요.",
    ),
    "stopped": (
        "Stopped. The same command begins again; what was downloaded is used again.",
        "멈췄습니다. 같은 명령으로 다시 시작하며, 내려받은 것은 다시 씁니다.",
    ),
    # What went wrong, and what to type.
    "log": ("The whole story: {path}", "전체 기록: {path}"),
    "fix-venv-apt": (
        "Python lacks its venv module. Type:  sudo apt install python{version}-venv",
        "Python에 venv 모듈이 없습니다. 입력하세요:  sudo apt install python{version}-venv",
    ),
    "fix-venv-dnf": (
        "Python lacks its pip module. Type:  sudo dnf install python3-pip",
        "Python에 pip 모듈이 없습니다. 입력하세요:  sudo dnf install python3-pip",
    ),
    "fix-venv": (
        "Python could not make an environment. Install Python {version} from https://www.python.org, then try again.",
        "Python이 환경을 만들지 못했습니다. https://www.python.org 에서 Python {version}을 설치한 뒤 다시 하세요.",
    ),
    "fix-readonly": (
        "{folder} cannot be written to. Copy the whole folder to your home folder and start it there.",
        "{folder}에 쓸 수 없습니다. 폴더 전체를 홈 폴더로 복사해 거기서 시작하세요.",
    ),
    "fix-disk": (
        "The disk is full: {free} MB are free on the disk of {folder}, about {needed} MB are needed.",
        "디스크가 찼습니다. {folder}의 디스크에 {free} MB 남았고, 약 {needed} MB가 필요합니다.",
    ),
    "fix-network": (
        "The network could not be reached. Behind a proxy, set HTTPS_PROXY=http://HOST:PORT; without a network, use "
        "--offline --wheels DIR.",
        "네트워크에 닿지 않습니다. 프록시를 쓴다면 HTTPS_PROXY=http://호스트:포트, 네트워크가 없다면 --offline --wheels 폴더.",
    ),
    "fix-proxy": (
        "The proxy {proxy} could not be reached. Correct HTTPS_PROXY (or PIP_PROXY), or unset it.",
        "프록시 {proxy}에 닿지 않습니다. HTTPS_PROXY(또는 PIP_PROXY)를 고치거나 지우세요.",
    ),
    "fix-proxy-login": (
        "The proxy wants a name and a password: HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT",
        "프록시에 이름과 암호가 필요합니다: HTTPS_PROXY=http://이름:암호@호스트:포트",
    ),
    "fix-certificate": (
        "The network shows a certificate of its own. Ask for its file and set PIP_CERT=/path/to/it.pem",
        "이 네트워크는 자체 인증서를 씁니다. 인증서 파일을 받아 PIP_CERT=/경로/파일.pem 으로 지정하세요.",
    ),
    "fix-login": (
        "The package index wants a login (HTTP {status}). Correct PIP_INDEX_URL=https://NAME:PASSWORD@HOST/simple",
        "패키지 저장소에 로그인이 필요합니다(HTTP {status}). PIP_INDEX_URL=https://이름:암호@호스트/simple 을 고치세요.",
    ),
    "fix-insecure": (
        "pip asks no package index without https. Correct PIP_INDEX_URL, or name its host in PIP_TRUSTED_HOST.",
        "pip은 https가 아닌 패키지 저장소를 쓰지 않습니다. PIP_INDEX_URL을 고치거나 PIP_TRUSTED_HOST에 호스트를 넣으세요.",
    ),
    "fix-no-package": (
        "{package} is not to be had for Python {version} on this machine. Python 3.12 or 3.13, 64 bits, has all of them.",
        "이 컴퓨터의 Python {version}용으로는 나오지 않는 패키지입니다: {package}. 64비트 Python 3.12나 3.13을 쓰세요.",
    ),
    "fix-no-wheel": (
        "{package} does not lie in {folder}. Fill it on a machine with a network:  {command}",
        "{folder}에 없는 패키지: {package}. 네트워크가 있는 컴퓨터에서 채우세요:  {command}",
    ),
    "fix-offline-where": (
        "--offline needs the folder with the packages:  python3 start.py --offline --wheels DIR",
        "--offline에는 패키지 폴더가 필요합니다:  python3 start.py --offline --wheels 폴더",
    ),
    "fix-denied": (
        "{path} may not be written to. If sudo made it, type:  sudo chown -R $USER .venv",
        "{path}에 쓸 수 없습니다. sudo로 만든 것이라면:  sudo chown -R $USER .venv",
    ),
    "fix-in-use": (
        "A file is in use. Stop the portrait that is running, then try again.",
        "파일을 쓰는 중입니다. 실행 중인 Living Portrait를 멈춘 뒤 다시 하세요.",
    ),
    "fix-long-path": (
        "Windows allows no path this long. Move the folder near the top of the disk, such as C:\\portrait.",
        "Windows의 경로 길이 제한입니다. 폴더를 C:\\portrait 처럼 짧은 곳으로 옮기세요.",
    ),
    "fix-hash": (
        "A package came damaged. Type the same command again; if it stays so, type:  {python} -m pip cache purge",
        "패키지가 손상되어 왔습니다. 같은 명령을 다시 하고, 계속되면:  {python} -m pip cache purge",
    ),
    "fix-dll": (
        "Windows lacks the Visual C++ runtime: https://aka.ms/vs/17/release/vc_redist.x64.exe",
        "Visual C++ 런타임이 없습니다: https://aka.ms/vs/17/release/vc_redist.x64.exe",
    ),
    "fix-library": (
        "The system lacks {library}. Look which package holds it:  apt-file search {library}",
        "시스템에 없는 라이브러리: {library}. 어느 패키지에 있는지 찾으세요:  apt-file search {library}",
    ),
    "fix-unknown": (
        "This reason is not known to start.py; the last lines above are the installer's own.",
        "start.py가 모르는 이유입니다. 위의 마지막 줄은 설치 프로그램의 말입니다.",
    ),
    "fix-weights": (
        "The model files could not be fetched. The portrait runs without them; go on with:  python3 start.py weights fetch",
        "모델 파일을 받지 못했습니다. 없어도 Living Portrait는 돕니다. 이어서 받으려면:  python3 start.py weights fetch",
    ),
    "fix-driver": (
        "The driver {driver} of {name} is too old for PyTorch; {wanted} or newer is needed. Install it from "
        "https://www.nvidia.com/drivers, or do without the card:  python3 start.py --neural --torch cpu",
        "{name} 드라이버 {driver}: PyTorch에는 너무 낡았습니다. {wanted} 이상을 https://www.nvidia.com/drivers 에서 "
        "설치하거나, 카드 없이 쓰세요:  python3 start.py --neural --torch cpu",
    ),
    "fix-intel-mac": (
        "PyTorch is not made for Macs with Intel processors any more; the warp engine runs here without it:  "
        "python3 start.py",
        "PyTorch는 인텔 맥용으로 더는 나오지 않습니다. warp 엔진은 없어도 돕니다:  python3 start.py",
    ),
    "fix-not-ours": (
        "{folder} is there, but it is no environment that runs. Move it away, then try again:  {command}",
        "쓸 수 있는 환경이 아닌 폴더가 있습니다: {folder}. 옮긴 뒤 다시 하세요:  {command}",
    ),
    # Removing.
    "nothing-made": (
        "There is no .venv here that start.py has made; nothing was removed.",
        "start.py가 만든 .venv가 없습니다. 아무것도 지우지 않았습니다.",
    ),
    "removed": ("Removed: {path} ({mb} MB)", "지웠습니다: {path} ({mb} MB)"),
    "autostart-removed": ("Removed: {path}", "지웠습니다: {path}"),
    "kept": (
        "These stay; `--uninstall --purge` removes them, too:",
        "남겨 둔 것 (`--uninstall --purge`는 이것도 지웁니다):",
    ),
    "kept-nothing": ("Nothing else of yours was found.", "그 밖에 남은 것은 없습니다."),
    "found": ("These are yours:", "사용자의 것입니다:"),
    "kept-pip": (
        "pip's own cache, shared with other programs, stays; `pip cache purge` empties it.",
        "다른 프로그램과 함께 쓰는 pip 캐시는 남습니다. `pip cache purge`로 비웁니다.",
    ),
    "what-photos": ("photos", "사진"),
    "what-presets": ("presets", "프리셋"),
    "what-state": ("settings, tokens and logs", "설정, 토큰, 기록"),
    "what-weights": ("model files", "모델 파일"),
    "what-cache": ("found points of faces", "찾아 둔 얼굴 점"),
    "what-other": ("other files", "그 밖의 파일"),
}
