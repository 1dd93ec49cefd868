"""What the double refuses, in each dialect's own words."""

import base64

import pytest


def raised(detail):
    return {
        "a1111": {"error": "HTTPException", "detail": detail, "body": "", "errors": ""},
        "forge": {"detail": detail},
    }


@pytest.mark.parametrize(
    ("dialect", "body", "status", "expected"),
    [
        ("forge", {}, 404, {"detail": "Init image not found"}),
        ("a1111", {}, 404, raised("Init image not found")["a1111"]),
        ("sdnext", {}, 400, {"error": "Init image is none"}),
        ("forge", {"init_images": ["!!!!"]}, 500, {"detail": "Invalid encoded image"}),
        ("a1111", {"init_images": ["!!!!"]}, 500, raised("Invalid encoded image")["a1111"]),
        ("sdcpp", {"prompt": ""}, 400, {"error": "prompt required"}),
        ("sdcpp", {"lora": [{"path": "no", "multiplier": 1}]}, 400, {"error": "lora path not found"}),
        ("sdcpp", {"width": 0}, 400, {"error": "width and height must be positive"}),
        (
            "sdcpp",
            {"steps": "many"},
            500,
            {"error": "server_error", "message": "[json.exception.type_error.302] type must be number, but is string"},
        ),
        (
            "sdcpp",
            {"sampler_name": None},
            500,
            {"error": "server_error", "message": "[json.exception.type_error.302] type must be string, but is null"},
        ),
        (
            "a1111",
            {"steps": "many"},
            422,
            {
                "detail": [
                    {"loc": ["body", "steps"], "msg": "value is not a valid integer", "type": "type_error.integer"}
                ]
            },
        ),
        (
            "forge",
            {"steps": "many"},
            422,
            {
                "detail": [
                    {
                        "type": "int_parsing",
                        "loc": ["body", "steps"],
                        "msg": "Input should be a valid integer, unable to parse string as an integer",
                        "input": "many",
                        "url": "https://errors.pydantic.dev/2.8/v/int_parsing",
                    }
                ]
            },
        ),
        (
            "forge",
            {"infotext": "a cat", "init_images": ["x"]},
            500,
            {
                "error": "TypeError",
                "detail": "",
                "body": "",
                "message": "isinstance() argument 2 cannot be a parameterized generic",
            },
        ),
    ],
)
async def test_errors_wear_their_dialects_envelope(start, dialect, body, status, expected):
    answer = await (await start(dialect)).img2img(**body)
    assert (answer.status, answer.json) == (status, expected)


@pytest.mark.parametrize("body", [{"init_images": ["!!!!"]}, {}])
async def test_sd_cpp_ignores_init_images_that_it_cannot_read(start, body):
    assert (await (await start("sdcpp")).img2img(**body)).status == 200


async def test_broken_json(start, forge):
    headers = {"Content-Type": "application/json"}
    answer = await forge.call("POST", "txt2img", data=b"{", headers=headers)
    assert (answer.status, answer.json["detail"][0]["type"]) == (422, "json_invalid")
    answer = await (await start("sdcpp")).call("POST", "txt2img", data=b"{", headers=headers)
    assert (answer.status, answer.json["error"]) == (500, "server_error")


@pytest.mark.parametrize(
    ("dialect", "route", "status", "text"),
    [
        ("forge", "sd-vae", 404, '{"detail": "Not Found"}'),
        ("forge", "interrupt", 405, '{"detail": "Method Not Allowed"}'),
        ("a1111", "sd-modules", 404, '{"detail": "Not Found"}'),
        ("a1111-1.8", "schedulers", 404, '{"detail": "Not Found"}'),
        ("sdnext", "latent-upscale-modes", 404, '{"detail": "Not Found"}'),
        ("sdcpp", "progress", 404, ""),
        ("forge", "/internal/pending-tasks", 404, '{"detail": "Not Found"}'),
    ],
)
async def test_absent_routes(start, dialect, route, status, text):
    answer = await (await start(dialect)).get(route)
    assert (answer.status, answer.text) == (status, text)


async def test_credentials_guard_the_core_routes_only(start):
    webui = await start("forge", auth=("u", "p"))
    answer = await webui.get("samplers")
    assert (answer.status, answer.json) == (401, {"detail": "Not authenticated"})
    assert answer.headers["WWW-Authenticate"] == "Basic"
    wrong = {"Authorization": "Basic " + base64.b64encode(b"u:x").decode()}
    assert (await webui.get("samplers", headers=wrong)).json == {"detail": "Incorrect username or password"}
    right = {"Authorization": "Basic " + base64.b64encode(b"u:p").decode()}
    assert (await webui.get("samplers", headers=right)).status == 200
    assert (await webui.get("loras")).status == 200
    assert (await webui.get("/controlnet/model_list")).status == 200


@pytest.mark.parametrize(
    ("sent", "detail"),
    [
        ({"script_name": "NoSuch"}, "Script 'NoSuch' not found"),
        ({"alwayson_scripts": {"NoSuch": {"args": []}}}, "Script 'NoSuch' not found"),
        ({"script_name": "prompt matrix", "script_args": [False]}, "Script 'prompt matrix' takes 5 arguments, got 1"),
        (
            {"alwayson_scripts": {"ControlNet": {"args": [{}] * 4}}},
            "Script 'ControlNet' takes at most 3 arguments, got 4",
        ),
        (
            {"alwayson_scripts": {"ADetailer": {"args": [{"ad_modle": "x"}]}}},
            "[-] ADetailer: ValidationError: ad_modle: extra fields not permitted",
        ),
    ],
)
async def test_scripts_are_checked(forge, sent, detail):
    answer = await forge.txt2img(**sent)
    assert (answer.status, answer.json) == (422, {"detail": detail})


async def test_too_large_a_picture_is_out_of_memory(forge):
    answer = await forge.txt2img(width=20000, height=20000)
    assert (answer.status, answer.json["error"]) == (500, "OutOfMemoryError")
